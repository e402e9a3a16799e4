import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { openAuthStore } from '../../authstate/open.ts'
import { packEntries, unpackEntries } from '../../authstate/packed.ts'
import type { AuthStore } from '../../authstate/port.ts'
import { errorToJson, toGatewayError } from '../../session/errors.ts'
import { reviveForBaileys } from '../../whatsapp/revive.ts'
import { CopyLogin } from './copy-login.ts'
import type { CopyRequest, CopyResult, FromThread, ThreadOptions, ToThread } from './protocol.ts'

/** A boot that never was: the scratch state continues nothing. */
const NOBODY = { epoch: 1, boot: '0'.repeat(32) }

/**
 * Restores copies of sessions into a scratch state and, where that is asked for, logs them in: in a
 * thread of its own, since whom to trust is a setting of all of Baileys, and the daemon's sessions
 * trust WhatsApp.
 */
async function run(port: MessagePort, options: ThreadOptions): Promise<void> {
  const post = (message: FromThread) => port.postMessage(message)
  const auth = await openAuthStore({ stateDir: options.dir, revive: reviveForBaileys })
  const login = await CopyLogin.start(options)
  const answer = async (message: ToThread): Promise<void> => {
    if (message.kind === 'close') {
      await login?.stop()
      await auth.close()
      post({ kind: 'closed' })
      port.close()
      return
    }
    try {
      post({ kind: 'copied', result: await copy(auth, login, message.request) })
    } catch (error) {
      post({ kind: 'failed', error: errorToJson(toGatewayError(error)) })
    }
  }
  port.on('message', (message: ToThread) => void answer(message))
  post({ kind: 'ready' })
}

async function copy(
  auth: AuthStore,
  login: CopyLogin | undefined,
  { sessionId, seq, hash, changedAt, packed }: CopyRequest,
): Promise<CopyResult> {
  const began = performance.now()
  const entries = await unpackEntries(packed)
  await auth.install({ sessionId, seq, hash, changedAt, entries, packed }, NOBODY)
  const handle = await auth.open(sessionId)
  try {
    handle.verify()
    const image = await auth.image(sessionId)
    const result = {
      packed: image.packed ?? (await packEntries(image.entries)),
      seq: image.seq,
      hash: image.hash,
      installMs: performance.now() - began,
    }
    return { ...result, ...(await login?.attempt(handle, entries)) }
  } finally {
    await handle.close()
    await auth.purge(sessionId)
  }
}

if (parentPort === null) throw new Error('drill/thread.ts runs as a worker thread only')
await run(parentPort, workerData as ThreadOptions)
