import { parentPort } from 'node:worker_threads'
import { giveBack } from './give-back.ts'
import { scanPacked, type Scanned } from './scan-packed.ts'

/** What comes back for packed bytes; the bytes again where they take a closer look. */
export type FromScanThread =
  | { kind: 'scanned'; scanned: Scanned }
  | { kind: 'unsure'; packed: Uint8Array<ArrayBuffer> }

if (parentPort === null) throw new Error('scan-thread.ts runs as a worker thread only')
const port = parentPort

port.on('message', (packed: Uint8Array<ArrayBuffer>) => {
  const scanned = attempt(packed)
  if (scanned === undefined) {
    port.postMessage({ kind: 'unsure', packed } satisfies FromScanThread, [packed.buffer])
    return
  }
  giveBack(packed)
  port.postMessage({ kind: 'scanned', scanned } satisfies FromScanThread)
})

/** What is wrong with bytes that are no packed entries is for the closer look to say. */
function attempt(packed: Uint8Array): Scanned | undefined {
  try {
    return scanPacked(packed)
  } catch {
    return undefined
  }
}
