import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'

/** A directory for each test, `put` writes a file into it. */
export function writtenFiles() {
  let dir = ''
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'wa-config-'))
  })
  afterEach(() => {
    rmSync(dir, { recursive: true, force: true })
  })
  const put = (name: string, content: string, mode = 0o600): string => {
    const path = join(dir, name)
    writeFileSync(path, content)
    chmodSync(path, mode)
    return path
  }
  return { dir: () => dir, put }
}
