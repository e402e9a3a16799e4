import type { Result } from '../../src/control/api.ts'
import { bytes } from '../../src/words/bytes.ts'
import { instant } from '../../src/words/time.ts'

type Removed = Result<'session.remove'>
type Deleted = Result<'session.forget'>

export function renderDeleted(
  { id, snapshots, bytes: size, setAside }: Deleted,
  word: 'removed' | 'forgotten',
): string {
  const parts = [
    `${snapshots} stored ${snapshots === 1 ? 'snapshot' : 'snapshots'}, ${bytes(size)}`,
  ]
  const { length } = setAside.deleted
  if (length > 0) parts.push(`${length} ${length === 1 ? 'file' : 'files'} in quarantine/`)
  return `${id} is ${word} (${parts.join('; ')})\n`
}

/** What stays of it, a line each. */
export function renderStaying({ logUntil, setAside }: Deleted): string[] {
  const lines = setAside.stayed.map(({ path, why }) => `${path} stays: ${why}`)
  lines.push(
    `its changes in logs that it shares with other sessions stay until ${instant(logUntil)}; copies made elsewhere stay`,
  )
  return lines
}

/** What a person should know or do, a line each. */
export function renderStays(removed: Removed): string[] {
  const lines = renderStaying(removed)
  const { unlinked, detail } = removed
  if (unlinked) return lines
  const why = detail === undefined ? '' : ` (${detail})`
  const remove = 'remove the device on the phone, under Linked devices'
  return [...lines, `WhatsApp was not told${why}: ${remove}`]
}
