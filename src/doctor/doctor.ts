import type { DoctorContext } from './check.ts'
import { failed, type Check } from './check.ts'
import { controlSocket, sessions, systemdUnit, worker } from './daemon.ts'
import { fail, type Finding, type Verdict } from './finding.ts'
import { fleet } from './fleet.ts'
import { fileLimit, node } from './machine.ts'
import { backend, clock, whatsapp } from './network.ts'
import { secondSite } from './second-site.ts'
import { configuration, recovery, sameSettings } from './settings.ts'
import { diskSpace, diskSync, registry, stateDirectory } from './state.ts'
import { bucketRules, encryption, store } from './store.ts'

/** In the order in which they are shown: what others rest on comes first. */
export const CHECKS: readonly Check[] = [
  node,
  configuration,
  recovery,
  stateDirectory,
  diskSpace,
  diskSync,
  registry,
  store,
  encryption,
  bucketRules,
  secondSite,
  clock,
  backend,
  fleet,
  whatsapp,
  controlSocket,
  sameSettings,
  worker,
  sessions,
  systemdUnit,
  fileLimit,
]

/** Longer than any of them takes that gets an answer at all. */
const LIMIT_MS = 30_000

export interface Examined extends Finding {
  id: string
  title: string
}

/**
 * Makes every check at the same time and hands the findings over in the table's order, each as soon
 * as those before it are there.
 */
export async function* examine(
  context: Omit<DoctorContext, 'signal'>,
  signal: AbortSignal,
  checks: readonly Check[] = CHECKS,
): AsyncGenerator<Examined, void, void> {
  const running = checks.map(async (one) => {
    const { id, title } = one
    const finding = await limited(one, context, signal)
    return { id, title, ...finding }
  })
  // One that fails while another is waited for is told of when its turn comes.
  for (const each of running) each.catch(() => undefined)
  for (const each of running) yield await each
}

async function limited(
  { run }: Check,
  context: Omit<DoctorContext, 'signal'>,
  signal: AbortSignal,
): Promise<Finding> {
  const late = AbortSignal.timeout(LIMIT_MS)
  const either = AbortSignal.any([signal, late])
  const over = new Promise<never>((_, reject) => {
    either.addEventListener('abort', () => reject(either.reason), { once: true })
  })
  try {
    return await Promise.race([run({ ...context, signal: either }), over])
  } catch (error) {
    signal.throwIfAborted()
    if (late.aborted) return fail(`no answer within ${LIMIT_MS / 1_000} s`, 'see what it hangs on')
    return failed(error)
  }
}

export function count(examined: readonly Examined[]): Record<Verdict, number> {
  const counts = { pass: 0, warn: 0, fail: 0, skip: 0 }
  for (const { verdict } of examined) counts[verdict]++
  return counts
}
