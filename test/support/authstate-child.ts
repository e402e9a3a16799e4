import type { SignalDataSet } from '@whiskeysockets/baileys'
import { initAuthCreds } from '@whiskeysockets/baileys'

import { openAuthStore } from '../../src/authstate/open.ts'
import { packEntries } from '../../src/authstate/packed.ts'
import type { AuthStore } from '../../src/authstate/port.ts'
import { sessionImage } from './session-image.ts'

export const SESSIONS = ['a', 'b', 'c', 'd']

const IMAGE = 'image-'

/** Sessions that were installed and perhaps changed once, of the last process that ran. */
export function imagesOf(store: AuthStore): string[] {
  return store.list().flatMap(({ sessionId }) => (sessionId.startsWith(IMAGE) ? [sessionId] : []))
}

/** What such a session holds before its first change: it takes several pages of the file. */
export function imageValues(sessionId: string): Record<string, Record<string, unknown>> {
  const sessions = Array.from({ length: 60 }, (_, n) => [
    `${n}.0`,
    Buffer.alloc(100 + n * 20, `${sessionId}${n}`),
  ])
  return { session: Object.fromEntries(sessions), 'lid-mapping': { 0: 'first', 4: 'first' } }
}

/** What change `seq` of a session writes: the same in every process, so that a test can replay it. */
export function changeAt(sessionId: string, seq: number): SignalDataSet {
  return {
    'identity-key': { [`${seq % 13}`]: Buffer.alloc(100 + (seq % 7) * 900, `${sessionId}${seq}`) },
    'lid-mapping': { [`${seq % 5}`]: `${seq}`, [`${(seq + 2) % 5}`]: seq % 3 === 0 ? null : 'x' },
  }
}

/** Confirms bundles for ever, of some sessions a part, and prints `slot <boot> <slot>` for each. */
async function ship(store: AuthStore): Promise<void> {
  const { boot } = store
  for (let slot = 0; ; slot += 1) {
    const ends = SESSIONS.slice(slot % SESSIONS.length).flatMap((sessionId) => {
      const [last] = store.journal(sessionId, 0, 10_000).slice(-1)
      return last === undefined ? [] : [{ sessionId, seq: last.seq, hash: last.hash }]
    })
    await store.confirmShipped(boot, slot, ends)
    process.stdout.write(`slot ${boot} ${slot}\n`)
  }
}

/** Installs sessions for ever, each with one change that makes rows of its image. */
async function restore(store: AuthStore): Promise<void> {
  for (const sessionId of imagesOf(store)) await store.purge(sessionId)
  for (let n = 0; ; n += 1) {
    const sessionId = `${IMAGE}${n}`
    const image = sessionImage(sessionId, imageValues(sessionId))
    const packed = n % 2 === 0 ? { packed: await packEntries(image.entries) } : {}
    await store.install({ ...image, ...packed }, { epoch: 1, boot: store.boot })
    process.stdout.write(`${sessionId} 1\n`)
    const handle = await store.open(sessionId)
    await handle.state.keys.set(changeAt(sessionId, 2))
    process.stdout.write(`${sessionId} 2\n`)
    await handle.close()
  }
}

/** Writes for ever, several changes in flight, and prints `<session> <seq>` as each is durable. */
async function run(stateDir: string): Promise<void> {
  const store = await openAuthStore({ stateDir, onCorrupt: 'fail' })
  for (const sessionId of SESSIONS)
    if (store.find(sessionId) === undefined) await store.create(sessionId, initAuthCreds())
  const others = Promise.all([ship(store), restore(store)])
  await Promise.all(
    SESSIONS.map(async (sessionId) => {
      const handle = await store.open(sessionId)
      const lane = async () => {
        for (;;) {
          const seq = handle.seq + 1
          await handle.state.keys.set(changeAt(sessionId, seq))
          process.stdout.write(`${sessionId} ${seq}\n`)
        }
      }
      await Promise.all([lane(), lane(), lane(), others])
    }),
  )
}

const [, script, stateDir] = process.argv
if (script !== undefined && stateDir !== undefined && import.meta.url.endsWith(script))
  await run(stateDir)
