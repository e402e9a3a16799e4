import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Vitest's global set-up: a run has a temporary directory of its own, which is gone afterwards, and
 * says what tests left in it.
 */
export default function ownTemporaryDirectory(): () => void {
  const before = process.env['TMPDIR']
  const dir = mkdtempSync(join(tmpdir(), 'wa-'))
  // As /tmp: some tests start programs as another user.
  chmodSync(dir, 0o1777)
  process.env['TMPDIR'] = dir
  return () => {
    // Node's own, of programs that compile once for many starts, such as npm.
    const left = readdirSync(dir).filter((name) => name !== 'node-compile-cache')
    rmSync(dir, { recursive: true, force: true })
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
    if (left.length > 0)
      process.stderr.write(`LEFT BEHIND by tests, ${left.length}: ${left.join(', ')}\n`)
  }
}
