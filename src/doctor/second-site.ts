import { openOther } from '../daemon/storage.ts'
import type { Result } from '../control/api.ts'
import { GatewayError } from '../session/errors.ts'
import { probeConditionalWrites } from '../store/probe.ts'
import { ask, check, type Check } from './check.ts'
import { pass, skip, warn, type Finding } from './finding.ts'

export interface SecondSiteFacts {
  label: string
  /** Undefined where no daemon answers. */
  copy: Result<'status'>['copy']
  now: number
}

/** Proves the second store as a copy does, and asks the daemon how old the copy there is. */
export const secondSite: Check = check<SecondSiteFacts | undefined>({
  id: 'second-site',
  title: 'Second site',
  async gather({ config, signal, status }) {
    const { to } = config.copy
    if (to === undefined) return undefined
    const answer = await ask({ status })
    const store = await openOther(to, config)
    try {
      await store.check({ signal })
      await probeConditionalWrites(store, { signal })
    } finally {
      await store.close()
    }
    const copy = answer instanceof GatewayError ? undefined : answer.copy
    return { label: store.label, copy, now: Date.now() }
  },
  judge: judgeSecondSite,
})

export function judgeSecondSite(facts: SecondSiteFacts | undefined): Finding {
  if (facts === undefined) return skip('nothing is copied by itself (WA_GATEWAY_COPY_TO)')
  const { label, copy, now } = facts
  if (copy === undefined) return pass(`${label} can be copied to`)
  const { completeAt, intervalMs, trouble } = copy
  if (trouble !== undefined)
    return warn(
      `the last copy to ${label} ${trouble.outcome === 'failed' ? 'failed' : 'left sessions out'}: ${trouble.detail ?? 'see the log'}`,
      `run \`wa-gateway backup copy --to ${copy.store}\` to see it at once`,
    )
  if (completeAt === undefined) return pass(`${label} can be copied to; there is no copy yet`)
  const age = `${label} has a copy of everything that is ${Math.round((now - completeAt) / 60_000)} min old`
  if (now - completeAt > 2 * intervalMs)
    return warn(
      age,
      'see `wa-gateway status` for what it waits; make WA_GATEWAY_COPY_INTERVAL longer',
    )
  return pass(age)
}
