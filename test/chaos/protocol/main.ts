import { parseArgs } from 'node:util'
import type { AckMode } from '../../../src/authstate/port.ts'
import { runSchedules } from './run.ts'

/** One process' share of the schedules; prints the result as JSON. */
const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '1' },
    schedules: { type: 'string', default: '1000' },
    stride: { type: 'string', default: '1' },
    steps: { type: 'string', default: '400' },
    ack: { type: 'string', default: 'both' },
    stop: { type: 'boolean', default: false },
  },
})
const acks: AckMode[] =
  values.ack === 'local' || values.ack === 'remote' ? [values.ack] : ['remote', 'local']
const result = await runSchedules({
  from: Number(values.from),
  schedules: Number(values.schedules),
  stride: Number(values.stride),
  steps: Number(values.steps),
  acks,
  stopAtFirst: values.stop,
})
process.stdout.write(`${JSON.stringify(result)}\n`)
