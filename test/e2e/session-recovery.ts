import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Simulator } from '../../src/simulator/simulator.ts'
import { GatewayProcess, eventually, type Environment } from '../support/gateway.ts'
import { receiveTexts } from '../support/received-texts.ts'
import { StrictBackend } from '../support/strict-backend.ts'

const SESSIONS = 10

export interface StoreUnderTest {
  /** The settings that choose the store. */
  env(dir: string): Promise<Environment>
  close?(): Promise<void>
}

/**
 * The specification's automated recovery test: sessions paired by QR come back after a graceful
 * stop, a kill -9 and a wiped disk, with nobody scanning again. Judged from WhatsApp's side and
 * from the backend's.
 */
export function sessionRecoverySuite(name: string, store: StoreUnderTest): void {
  describe(`session recovery over ${name}`, () => {
    const ids = Array.from({ length: SESSIONS }, (_, i) => `session-${i}`)
    const phoneOf = (id: string) => `1555000${id.slice('session-'.length).padStart(4, '0')}`
    const friendOf = (id: string) => `4477000${id.slice('session-'.length).padStart(4, '0')}`
    let dir: string
    let stateDir: string
    let simulator: Simulator
    let backend: StrictBackend
    let env: Environment
    let gateway: GatewayProcess

    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'wa-recovery-'))
      stateDir = join(dir, 'state')
      simulator = await Simulator.start()
      backend = new StrictBackend()
      await backend.up()
      env = {
        WA_GATEWAY_STATE_DIR: stateDir,
        WA_GATEWAY_SOCKET: join(dir, 'control.sock'),
        WA_GATEWAY_WHATSAPP_URL: simulator.url,
        WA_GATEWAY_WHATSAPP_ROOT: simulator.rootHex,
        BACKEND_URL: backend.url,
        WORKER_AUTH_TOKEN: backend.token,
        WORKER_ENDPOINT: 'http://worker.test:8080',
        WORKER_ID: 'worker-1',
        SESSION_RECOVERY_STARTUP_DELAY: '50',
        ...(await store.env(dir)),
      }
      gateway = await GatewayProcess.start(env)
    })

    afterAll(async () => {
      await gateway?.stop('SIGKILL')
      await simulator?.stop()
      await backend?.down()
      await store.close?.()
      await rm(dir, { recursive: true, force: true })
    })

    /** Every session gets a message and sends one; each arrives, readable. */
    async function exchange(tag: string): Promise<void> {
      const listening = await receiveTexts(join(dir, 'control.sock'))
      try {
        await Promise.all(
          ids.map(async (id) => {
            const friend = simulator.contact(friendOf(id))
            const inbound = `to ${id} ${tag}`
            await friend.send(phoneOf(id), inbound)
            await eventually(`'${inbound}'`, () =>
              listening.texts.get(inbound) === id ? true : undefined,
            )
            const outbound = `from ${id} ${tag}`
            const sent = await gateway.client.call('session.send', {
              session: id,
              to: friend.user,
              text: outbound,
            })
            expect(sent.status).toBe('sent')
            await friend.waitFor(outbound)
          }),
        )
      } finally {
        await listening.end()
      }
    }

    /** What WhatsApp saw and what the backend took, from the beginning. */
    function expectNoHarm(): void {
      const report = simulator.report()
      expect(report.details.duplicateConnections).toEqual([])
      expect(report.details.pairings).toHaveLength(SESSIONS)
      expect(report.details.unlinks).toEqual([])
      expect(report.details.troubledInbound).toEqual([])
      expect(report.details.undecryptable).toEqual([])
      expect(report.details.reusedCounters).toEqual([])
      expect(report.details.protocolErrors).toEqual([])
      expect(backend.violations).toEqual([])
    }

    async function startAgain(): Promise<void> {
      gateway = await GatewayProcess.start(env)
      await gateway.untilOnline(ids)
    }

    test('pairs by QR and exchanges messages', async () => {
      await Promise.all(
        ids.map((id) =>
          gateway.pair(id, (event) => {
            if (event.type === 'qr') void simulator.phone(phoneOf(id)).scan(event.qr)
          }),
        ),
      )
      await gateway.untilOnline(ids)
      backend.assigned = ids.map((sessionId) => ({
        sessionId,
        userId: `user-of-${sessionId}`,
        status: 'CONNECTED',
      }))
      await exchange('first')
      expectNoHarm()
    }, 120_000)

    test('comes back after SIGTERM', async () => {
      expect(await gateway.stop('SIGTERM')).toBe(0)
      expect(backend.taken('sessions-preserved').at(-1)).toMatchObject({
        preservedSessions: expect.toSatisfy((list: unknown[]) => list.length === SESSIONS),
      })
      await startAgain()
      await exchange('after SIGTERM')
      expectNoHarm()
      expect(backend.taken('recovery-status').at(-1)).toMatchObject({
        totalSessions: SESSIONS,
        successfulRecoveries: SESSIONS,
        failedRecoveries: 0,
      })
    }, 120_000)

    test('comes back after SIGKILL', async () => {
      expect(await gateway.stop('SIGKILL')).toBe('SIGKILL')
      await startAgain()
      await exchange('after SIGKILL')
      expectNoHarm()
    }, 120_000)

    test('comes back from the object store after its disk was wiped', async () => {
      expect(await gateway.stop('SIGTERM')).toBe(0)
      await rm(stateDir, { recursive: true })
      await startAgain()
      await exchange('after the wipe')
      expectNoHarm()
    }, 120_000)
  })
}
