import { existsSync } from 'node:fs'
import { parseStoreAddress } from '../config/store-address.ts'
import { openOther } from '../daemon/storage.ts'
import type { Result } from '../control/api.ts'
import { GatewayError } from '../session/errors.ts'
import { probeConditionalWrites } from '../store/probe.ts'
import { ask, check, type Check } from './check.ts'
import { fail, pass, skip, warn, type Finding } from './finding.ts'

export interface SecondSiteFacts {
  label: string
  /** False: a folder that nobody has made yet. */
  there: boolean
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
    const copy = answer instanceof GatewayError ? undefined : answer.copy
    const address = parseStoreAddress(to)
    // Opening it would make it.
    if (address?.kind === 'folder' && !existsSync(address.dir))
      return { label: to, there: false, copy, now: Date.now() }
    const store = await openOther(to, config, { looks: true })
    try {
      await store.check({ signal })
      await probeConditionalWrites(store, { signal })
    } finally {
      await store.close()
    }
    return { label: store.label, there: true, copy, now: Date.now() }
  },
  judge: judgeSecondSite,
})

export function judgeSecondSite(facts: SecondSiteFacts | undefined): Finding {
  if (facts === undefined) return skip('nothing is copied by itself (WA_GATEWAY_COPY_TO)')
  const { label, there, copy, now } = facts
  if (!there && copy?.completeAt === undefined)
    return pass(`${label} is not there yet; the daemon makes it with the first copy`)
  if (!there)
    return fail(`${label} is not there any more, and the copy in it`, 'see that it is mounted')
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
