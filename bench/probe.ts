/*
 * Preloaded into a worker that is measured: on SIGUSR2 it writes what the process has cost so far
 * into the file that BENCH_PROBE names.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

const file = process.env['BENCH_PROBE']
if (isMainThread && file !== undefined) {
  const loop = monitorEventLoopDelay({ resolution: 1 })
  loop.enable()
  process.on('SIGUSR2', () => {
    const { user, system } = process.cpuUsage()
    const seen = {
      cpuMs: (user + system) / 1_000,
      rssMb: process.memoryUsage().rss / 1e6,
      loopP99Ms: loop.percentile(99) / 1e6,
    }
    writeFileSync(`${file}.new`, JSON.stringify(seen))
    renameSync(`${file}.new`, file)
  })
}
