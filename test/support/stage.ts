import { createHash } from 'node:crypto'
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { onTestFinished } from 'vitest'
import type { Result } from '../../src/control/api.ts'
import { Simulator } from '../../src/simulator/simulator.ts'
import { openStore } from '../../src/store/open.ts'
import { makeFleet, putIntoStore } from './fleet.ts'
import { BIN, eventually, GatewayProcess, type Environment } from './gateway.ts'
import { receiveTexts, type ReceivedTexts } from './received-texts.ts'
import { StoredObjects } from './stored-objects.ts'

export interface StageOptions {
  sessions?: number
  /**
   * Settings beside those of the stage; a function gets the stage's directory. Without an S3 store
   * the objects lie in a folder.
   */
  env?: Environment | ((dir: string) => Environment)
}

export interface CommandResult {
  status: number | undefined
  stdout: string
  stderr: string
}

/** A stage that is taken down when the test that asked for it ends. */
export async function openStage(options: StageOptions = {}): Promise<Stage> {
  const stage = await Stage.open(options)
  onTestFinished(() => stage.close())
  return stage
}

const WORKER = 'worker-1'

/** Encrypts the sessions of stages that store them in S3. */
const STAGE_KEY = createHash('sha256').update('the stage').digest('base64')

/** A simulated WhatsApp, a directory, and daemons as real processes that run in it one at a time. */
export class Stage {
  readonly dir: string
  readonly stateDir: string
  /** The folder store, which outlives a wipe of the state directory. */
  readonly objects: StoredObjects
  readonly simulator: Simulator
  readonly ids: readonly string[]
  readonly env: Environment
  readonly #commands: CommandResult[] = []
  readonly #gateways: GatewayProcess[] = []

  private constructor(dir: string, simulator: Simulator, { sessions = 2, env = {} }: StageOptions) {
    this.dir = dir
    this.stateDir = join(dir, 'state')
    this.objects = new StoredObjects(join(dir, 'objects'))
    this.simulator = simulator
    this.ids = Array.from({ length: sessions }, (_, n) => `session-${n}`)
    const own = typeof env === 'function' ? env(dir) : env
    this.env = {
      WA_GATEWAY_STATE_DIR: this.stateDir,
      WA_GATEWAY_SOCKET: join(dir, 'control.sock'),
      WA_GATEWAY_WHATSAPP_URL: simulator.url,
      WA_GATEWAY_WHATSAPP_ROOT: simulator.rootHex,
      WORKER_ID: WORKER,
      SESSION_RECOVERY_STARTUP_DELAY: '10',
      SESSION_RECOVERY_RETRY_DELAY: '50',
      ...(own['MINIO_ENDPOINT'] === undefined
        ? { WA_GATEWAY_STORAGE_DIR: join(dir, 'objects') }
        : { WA_GATEWAY_ENCRYPTION_KEY: STAGE_KEY }),
      ...own,
    }
  }

  static async open(options: StageOptions): Promise<Stage> {
    const dir = await mkdtemp(join(tmpdir(), 'wa-stage-'))
    return new Stage(dir, await Simulator.start(), options)
  }

  /** The daemon that was started last. */
  get gateway(): GatewayProcess {
    const last = this.#gateways.at(-1)
    if (last === undefined) throw new Error('no daemon was started yet')
    return last
  }

  /** Everything that daemons and commands have printed. */
  get output(): string {
    const commands = this.#commands.map(({ stdout, stderr }) => `${stdout}\n${stderr}`)
    return [...this.#gateways.map((gateway) => gateway.output), ...commands].join('\n')
  }

  /** The lines that daemons have logged. */
  get logs(): string[] {
    const lines = this.#gateways.flatMap((gateway) => gateway.output.split('\n'))
    return lines.filter((line) => line.startsWith('{'))
  }

  get #asCommand() {
    return { env: { ...this.env, HOME: this.dir }, extendEnv: false, cwd: '/' }
  }

  phoneOf(id: string): string {
    return `1555000${id.slice('session-'.length).padStart(4, '0')}`
  }

  friendOf(id: string): string {
    return `4477000${id.slice('session-'.length).padStart(4, '0')}`
  }

  /** Starts a daemon without waiting for anything. */
  spawn(env: Environment = {}, limits?: string): GatewayProcess {
    const gateway = GatewayProcess.spawn({ ...this.env, ...env }, limits)
    this.#gateways.push(gateway)
    return gateway
  }

  /** Starts a daemon and waits until its first recovery has settled. */
  async start(env: Environment = {}): Promise<GatewayProcess> {
    const gateway = this.spawn(env)
    await gateway.untilRunning()
    return gateway
  }

  /** Starts a daemon whose sessions come back, every one of them. */
  async startOnline(env: Environment = {}, ids = this.ids): Promise<GatewayProcess> {
    const gateway = await this.start(env)
    await gateway.untilOnline(ids)
    return gateway
  }

  /** Starts the first daemon and pairs every session by QR. */
  async startPaired(env: Environment = {}): Promise<GatewayProcess> {
    const gateway = await this.start(env)
    await Promise.all(this.ids.map((id) => this.pair(id)))
    await gateway.untilOnline(this.ids)
    return gateway
  }

  /** Leaves accounts as a worker leaves them that stopped: nothing of it is paired one by one. */
  async adoptAll(): Promise<void> {
    const fleet = await makeFleet(this.simulator, this.ids, { userOf: (id) => this.phoneOf(id) })
    const store = await openStore({ kind: 'folder', dir: join(this.dir, 'objects') })
    await putIntoStore(fleet, { stateDir: this.stateDir, store, worker: WORKER })
    await store.close()
  }

  async pair(id: string): Promise<void> {
    await this.gateway.pair(id, (event) => {
      if (event.type === 'qr') void this.simulator.phone(this.phoneOf(id)).scan(event.qr)
    })
  }

  /** Runs a command line as a process; a status other than 0 is no error. */
  async run(...args: string[]): Promise<CommandResult> {
    const { exitCode, stdout, stderr } = await execa(process.execPath, [BIN, ...args], {
      ...this.#asCommand,
      reject: false,
    })
    const result = { status: exitCode, stdout, stderr }
    this.#commands.push(result)
    return result
  }

  /** Runs a command line as a process, and gives the lines of its stdout as they come. */
  runLines(...args: string[]): AsyncIterable<string> {
    return execa(process.execPath, [BIN, ...args], this.#asCommand)
  }

  async view(id: string): Promise<Result<'session.show'>> {
    return this.gateway.client.call('session.show', { session: id })
  }

  /** Waits for a session to be in a state, and returns all about it. */
  async untilState(id: string, state: string): Promise<Result<'session.show'>> {
    return this.gateway.eventually(`${id} to be ${state}`, async () => {
      const shown = await this.view(id)
      if (shown.session.state === state) return shown
      throw new Error(`it is ${JSON.stringify(shown.session)}`)
    })
  }

  /** A message to each of the sessions and one from each; all arrive, readable. */
  async exchange(tag: string, ids = this.ids): Promise<void> {
    const listening = await this.listen()
    try {
      await Promise.all(
        ids.map(async (id) => {
          const friend = this.simulator.contact(this.friendOf(id))
          const inbound = `to ${id} ${tag}`
          await friend.send(this.phoneOf(id), inbound)
          await eventually(`'${inbound}'`, () =>
            listening.texts.get(inbound) === id ? true : undefined,
          )
          await this.send(id, `from ${id} ${tag}`)
        }),
      )
    } finally {
      await listening.end()
    }
  }

  /** Notes the texts that come in from now on. */
  async listen(): Promise<ReceivedTexts> {
    return receiveTexts(join(this.dir, 'control.sock'))
  }

  /** Sends a text to the session's friend, who reads it. */
  async send(id: string, text: string): Promise<void> {
    const friend = this.simulator.contact(this.friendOf(id))
    const sent = await this.gateway.client.call('session.send', {
      session: id,
      to: friend.user,
      text,
    })
    assert.equal(sent.status, 'sent')
    await friend.waitFor(text)
  }

  /** Takes the local disk of a daemon that has ended away. */
  async wipe(): Promise<void> {
    await rm(this.stateDir, { recursive: true })
  }

  /**
   * What WhatsApp saw so far: so many pairings and devices unlinked, and no more; nothing lost or
   * sent twice with the same key; nobody who asked to be linked anew but for those pairings and for
   * QR codes that nobody scanned.
   */
  expectNoHarm({ pairings = this.ids.length, unlinks = 0, unscanned = 0 } = {}): void {
    const { details, connections } = this.simulator.report()
    assert.equal(details.pairings.length, pairings)
    assert.equal(details.unlinks.length, unlinks)
    assert.deepEqual(details.duplicateConnections, [])
    assert.deepEqual(details.troubledInbound, [])
    assert.deepEqual(details.undecryptable, [])
    assert.deepEqual(details.reusedCounters, [])
    assert.deepEqual(details.protocolErrors, [])
    assert.equal(connections.registrations, pairings + unscanned)
  }

  /** The most logins within any second, wherever it begins. */
  peakLogins(): number {
    const times = this.simulator.report().details.logins.map((login) => login.at)
    return Math.max(0, ...times.map((at) => times.filter((t) => t >= at && t < at + 1_000).length))
  }

  loginsOf(id: string): number {
    const devices = new Set(this.simulator.devices(this.phoneOf(id)).map((device) => device.name))
    return this.simulator.report().details.logins.filter((login) => devices.has(login.device))
      .length
  }

  async close(): Promise<void> {
    for (const gateway of this.#gateways) await gateway.stop('SIGKILL')
    await this.simulator.stop()
    await rm(this.dir, { recursive: true, force: true })
  }
}
