import type { Result } from '../../src/control/api.ts'
import { renderTable } from './table.ts'
import { instant } from '../../src/words/time.ts'

const USE = {
  distributed: 'read with; written with after `backup key rotate`',
  active: 'written and read with',
  retired: 'read with',
}

export function renderKeys(
  { keys, lockedWith }: Result<'backup.key.list'>,
  columns?: number,
): string {
  const rows = keys.map(({ id, state, createdAt }) => [id, state, instant(createdAt), USE[state]])
  const table = renderTable(['KEY', 'STATE', 'MADE', 'USE'], rows, columns)
  return `${table}locked with ${lockedWith}\n`
}
