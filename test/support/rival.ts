import { join } from 'node:path'
import { execa } from 'execa'
import { BIN, type Environment, type GatewayProcess } from './gateway.ts'
import type { CommandResult, Stage } from './stage.ts'

/** Another worker beside the stage's first: a disk of its own, the same object store and WhatsApp. */
export class Rival {
  readonly stage: Stage
  readonly env: Environment

  constructor(stage: Stage, name = 'worker-2') {
    this.stage = stage
    this.env = {
      WORKER_ID: name,
      WA_GATEWAY_STATE_DIR: join(stage.dir, `state-of-${name}`),
      WA_GATEWAY_SOCKET: join(stage.dir, `${name}.sock`),
    }
  }

  start(env: Environment = {}): Promise<GatewayProcess> {
    return this.stage.start({ ...this.env, ...env })
  }

  /** Runs a command line against this worker; a status other than 0 is no error. */
  async run(...args: string[]): Promise<CommandResult> {
    const { exitCode, stdout, stderr } = await execa(process.execPath, [BIN, ...args], {
      env: { ...this.stage.env, ...this.env, HOME: this.stage.dir },
      extendEnv: false,
      cwd: '/',
      reject: false,
    })
    return { status: exitCode, stdout, stderr }
  }
}

/** Waits until a worker shows a session in a state, and returns all about it. */
export async function untilState(gateway: GatewayProcess, id: string, state: string) {
  return gateway.eventually(`${id} to be ${state}`, async () => {
    const shown = await gateway.client.call('session.show', { session: id })
    return shown.session.state === state ? shown : undefined
  })
}

/** Sends a text through a worker to the session's friend, who reads it. */
export async function sendFrom(stage: Stage, gateway: GatewayProcess, id: string, text: string) {
  const friend = stage.simulator.contact(stage.friendOf(id))
  await gateway.client.call('session.send', { session: id, to: friend.user, text })
  await friend.waitFor(text)
}
