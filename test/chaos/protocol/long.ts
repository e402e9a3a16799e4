import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { runParallel } from './parallel.ts'

/** `npm run chaos:protocol -- --schedules 50000`: the long run. Exits with 1 where a rule broke. */
const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '50000' },
    from: { type: 'string', default: '1' },
    processes: { type: 'string', default: String(availableParallelism()) },
  },
})
const result = await runParallel(Number(values.schedules), {
  from: Number(values.from),
  processes: Number(values.processes),
})
for (const { seed, ack, what } of result.violations)
  process.stdout.write(`seed ${seed} (ack: ${ack}): ${what}\n`)
process.stdout.write(`${JSON.stringify({ ...result, violations: result.violations.length })}\n`)
if (result.violations.length > 0) process.exitCode = 1
