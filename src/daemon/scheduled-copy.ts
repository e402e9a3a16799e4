import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config/config.ts'
import type { SiteCopy } from '../whatsapp/ports.ts'
import { CopySchedule } from './copy-schedule.ts'
import { whyNotNow, type Moment } from './not-now.ts'
import type { WorkerState } from './state.ts'

type Parts = Pick<WorkerState, 'secondSite' | 'storeHealth' | 'instants' | 'logger' | 'bus'>

/** Sessions at a time, where somebody who waits gets more. */
const CONCURRENCY = 2
const LOOK_MS = 1_000

/** The copies of a worker that run by themselves; undefined where none are wanted. `config`: as it is now. */
export function createCopySchedule(
  parts: Parts,
  moment: () => Moment | undefined,
  config: () => Pick<Config, 'copy'>,
): CopySchedule | undefined {
  const { secondSite, storeHealth, logger, instants } = parts
  const { to: store, interval } = config().copy
  if (store === undefined) return undefined
  const notNow = () => whyNotNow(moment(), storeHealth)
  const schedule = new CopySchedule(store, interval, {
    instants,
    logger,
    waiting: () => notNow() ?? (secondSite.busy ? 'another copy is under way' : undefined),
    told: (run) => tell(parts, run),
    copy: ({ onProgress, signal }) => {
      const emit: Parameters<typeof secondSite.copyCalmly>[1]['emit'] = (event) => {
        if (event.type === 'progress') onProgress(event)
      }
      const turn = async (ended: AbortSignal | undefined) => {
        for (;;) {
          if (notNow() === undefined || ended?.aborted === true) return
          await sleep(LOOK_MS, undefined, { ref: false })
        }
      }
      const { prune } = config().copy
      const request = { store, direction: 'to' as const, ...(prune && { prune }) }
      return secondSite.copyCalmly(request, { emit, signal }, { concurrency: CONCURRENCY, turn })
    },
  })
  secondSite.onEnd(({ store: other, direction, sessions }, summary, left) => {
    if (other === store && direction === 'to' && sessions === undefined)
      void schedule.noted(summary, left)
  })
  return schedule
}

function tell({ logger, bus }: Parts, run: SiteCopy): void {
  const { outcome, ...about } = run
  if (outcome === 'complete') logger.info(about, 'the second site has a copy of everything')
  else if (outcome === 'incomplete')
    logger.warn(about, 'the copy at the second site lacks sessions')
  else logger.warn(about, 'the copy to the second site failed')
  bus.emit({ type: 'copy', copy: run })
}
