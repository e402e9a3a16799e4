import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import type { SeenVersions } from '../replica/crypto/keyring.ts'
import { GatewayError } from '../session/errors.ts'

const content = z.record(z.string(), z.int().positive())

/** How far keyrings had come when this host last saw them: a small file in the state directory. */
export class SeenKeyrings implements SeenVersions {
  readonly #path: string
  readonly #versions: Map<string, number>

  constructor(stateDir: string) {
    this.#path = join(stateDir, 'keyrings.json')
    this.#versions = new Map(Object.entries(read(this.#path)))
  }

  get(ringId: string): number {
    return this.#versions.get(ringId) ?? 0
  }

  set(ringId: string, version: number): void {
    if (this.get(ringId) === version) return
    this.#versions.set(ringId, version)
    const aside = `${this.#path}.new`
    const file = openSync(aside, 'w', 0o600)
    try {
      writeSync(file, `${JSON.stringify(Object.fromEntries(this.#versions))}\n`)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(aside, this.#path)
  }
}

function read(path: string): Record<string, number> {
  try {
    return content.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new GatewayError({
      code: 'state.corrupt',
      subject: path,
      message: `${path} cannot be read: it says how far the keyring had come`,
      hint: 'compare the keys with `backup key list` on another worker, then delete the file',
      cause: error,
    })
  }
}
