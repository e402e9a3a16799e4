import type { Result } from '../../src/control/api.ts'

/** What a reload changed, and what it could not and why. */
export function renderReload({ file, applied, restart }: Result<'daemon.reload'>): string {
  const source = file === null ? 'no configuration file' : file
  if (applied.length + restart.length === 0) return `nothing has changed (${source})\n`
  const lines = [
    ...applied.map((change) => `changed      ${told(change)}`),
    ...restart.map((change) => `not changed  ${told(change)}: ${change.why}`),
  ]
  return `${lines.join('\n')}\n`
}

function told({ setting, from, to }: { setting: string; from: string | null; to: string | null }) {
  return `${setting} ${from ?? '(unset)'} -> ${to ?? '(unset)'}`
}
