import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

const READ = 0o4
const ENTER = 0o1

/** True when every user of the host can read the file: by its mode and its directories'. */
export function worldReadable(path: string): boolean {
  let at = resolve(path)
  if ((statSync(at).mode & READ) === 0) return false
  while (dirname(at) !== at) {
    at = dirname(at)
    if ((statSync(at).mode & ENTER) === 0) return false
  }
  return true
}
