import { join } from 'node:path'
import * as z from 'zod'
import type { SeenVersions } from '../replica/crypto/keyring.ts'
import { readJsonFile, writeJsonFile } from './json-file.ts'

const content = z.record(z.string(), z.int().positive())
const WORDS = {
  says: 'how far the keyring had come',
  hint: 'compare the keys with `backup key list` on another worker, then delete the file',
}

/** How far keyrings had come when this host last saw them: a small file in the state directory. */
export class SeenKeyrings implements SeenVersions {
  readonly #path: string
  readonly #versions: Map<string, number>

  constructor(stateDir: string) {
    this.#path = join(stateDir, 'keyrings.json')
    this.#versions = new Map(Object.entries(readJsonFile(this.#path, content, WORDS) ?? {}))
  }

  get(ringId: string): number {
    return this.#versions.get(ringId) ?? 0
  }

  set(ringId: string, version: number): void {
    if (this.get(ringId) === version) return
    this.#versions.set(ringId, version)
    writeJsonFile(this.#path, Object.fromEntries(this.#versions))
  }
}
