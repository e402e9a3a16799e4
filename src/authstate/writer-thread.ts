import { parentPort, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'

import { errorToJson } from '../session/errors.ts'

import { Applier } from './apply.ts'
import { closeDatabase, openDatabase } from './database.ts'
import { FileIdentity } from './file-identity.ts'
import { unpackOps } from './op-packing.ts'
import { toStateError } from './sqlite-error.ts'
import type { FromThread, ThreadOptions, ToThread } from './writer-protocol.ts'

/** Milliseconds between two looks whether the file is still there, while nothing is written. */
const LOOK_MS = 2_000

/** The thread that owns the writing connection: it writes what comes in, and answers each commit after one fsync. */
function run(port: MessagePort, options: ThreadOptions): void {
  const post = (message: FromThread) => {
    port.postMessage(message)
  }
  let looking: NodeJS.Timeout | undefined
  const attempt = (work: () => void) => {
    try {
      work()
    } catch (error) {
      const known = toStateError(error, options.file)
      const cause = known.cause instanceof Error ? known.cause.message : ''
      clearInterval(looking)
      post({ kind: 'failed', error: errorToJson(known), cause })
      port.close()
    }
  }

  attempt(() => {
    const { db, boot, boots, heads, roster } = openDatabase(options)
    const applier = new Applier(db, { heads, boots, roster })
    const identity = new FileIdentity(options.file)
    looking = setInterval(() => attempt(() => identity.check()), LOOK_MS)
    port.on('message', (message: ToThread) => {
      attempt(() => {
        switch (message.kind) {
          case 'ops':
            return applier.apply(unpackOps(message.ops))
          case 'commit': {
            const committed = applier.commit()
            // What is in a deleted file must not be acknowledged.
            identity.check()
            return post({ kind: 'committed', ...committed })
          }
          case 'close':
            clearInterval(looking)
            closeDatabase(db)
            post({ kind: 'closed' })
            return port.close()
          default:
            throw new TypeError(`unknown message ${JSON.stringify(message satisfies never)}`)
        }
      })
    })
    post({ kind: 'ready', boot, boots, heads })
  })
}

if (parentPort === null) throw new Error('writer-thread.ts runs as a worker thread only')
run(parentPort, workerData as ThreadOptions)
