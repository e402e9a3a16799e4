// A writing thread that opens well and dies with the first batch.
import { parentPort } from 'node:worker_threads'

parentPort.on('message', () => {
  throw new Error('broken on purpose')
})
parentPort.postMessage({ kind: 'ready', boot: '0'.repeat(32), boots: [], heads: [] })
