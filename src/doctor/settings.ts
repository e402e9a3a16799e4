import { basename } from 'node:path'
import type { Problem } from '../config/problem.ts'
import { ask, check, type Check } from './check.ts'
import { fail, pass, skip, warn, type Finding } from './finding.ts'

interface SettingsFacts {
  problems: readonly Problem[]
  warnings: readonly string[]
  file: string | undefined
}

export const configuration: Check = {
  id: 'configuration',
  title: 'Configuration',
  run: async ({ inspected }) => judgeSettings(inspected),
}

export function judgeSettings({ problems, warnings, file }: SettingsFacts): Finding {
  const [problem] = problems
  if (problem !== undefined) {
    const origin = problem.origin === undefined ? '' : ` (${problem.origin})`
    const more = problems.length > 1 ? `, and ${problems.length - 1} more` : ''
    return fail(
      `${problem.setting}: ${problem.message}${origin}${more}`,
      'see `wa-gateway config validate`',
    )
  }
  if (warnings.length > 0) return warn(warnings.join('; '), 'see `wa-gateway config show --origin`')
  return pass(file === undefined ? 'right, without a file' : `right, from ${basename(file)}`)
}

export const recovery: Check = check<{ enabled: boolean; timeout: number }>({
  id: 'recovery',
  title: 'Recovery settings',
  gather: ({ config }) => config.recovery,
  judge: judgeRecovery,
})

export function judgeRecovery({
  enabled,
  timeout,
}: {
  enabled: boolean
  timeout: number
}): Finding {
  if (!enabled)
    return warn(
      'SESSION_RECOVERY_ENABLED is false: no session comes back by itself',
      'set it to true, or run `wa-gateway recover --all` after each start',
    )
  if (timeout < 10_000)
    return warn(
      `SESSION_RECOVERY_TIMEOUT is ${timeout} ms: a slow login is given up`,
      'set it to 30000',
    )
  return pass(`on, ${timeout} ms for an attempt`)
}

export interface SameFacts {
  /** Of the daemon that runs. */
  running: { worker: string; store: string } | undefined
  /** As configured here. */
  here: { worker: string; store: string }
}

export const sameSettings: Check = check<SameFacts>({
  id: 'same-settings',
  title: 'Same settings',
  async gather(context) {
    const { worker, storage } = context.config
    const store =
      storage.kind === 'folder'
        ? `folder ${storage.dir}`
        : `s3 ${storage.endpoint}:${storage.port}/${storage.bucket}${storage.prefix === undefined ? '' : `/${storage.prefix}`}`
    const status = await ask(context)
    return {
      running: 'pid' in status ? { worker: status.worker, store: status.store.label } : undefined,
      here: { worker: worker.id, store },
    }
  },
  judge: judgeSame,
})

export function judgeSame({ running, here }: SameFacts): Finding {
  if (running === undefined) return skip('no daemon answers')
  const differs = (['worker', 'store'] as const).find((one) => running[one] !== here[one])
  if (differs === undefined)
    return pass('the daemon runs with the worker and store that are configured here')
  return warn(
    `the daemon has ${differs} '${running[differs]}', here it is '${here[differs]}'`,
    "run doctor with the daemon's environment and --config, or restart the daemon to apply what is configured",
  )
}
