import { join } from 'node:path'
import * as z from 'zod'
import type { FolderMemory } from '../store/folder-identity.ts'
import { readJsonFile, writeJsonFile } from './json-file.ts'

const content = z.record(z.string(), z.string())

/**
 * The object folders that this worker used, by path: a small file in the state directory. Read each
 * time, which is once for a folder.
 */
export class KnownFolders implements FolderMemory {
  readonly file: string
  readonly rotates: boolean
  readonly looks: boolean

  constructor(stateDir: string, { looks = false, rotates = false } = {}) {
    this.file = join(stateDir, 'folders.json')
    this.rotates = rotates
    this.looks = looks
  }

  get(dir: string): string | undefined {
    return this.#read()[dir]
  }

  set(dir: string, id: string): void {
    writeJsonFile(this.file, { ...this.#read(), [dir]: id })
  }

  #read(): Record<string, string> {
    const words = {
      says: 'which object folders this worker used',
      hint: 'see that they are mounted, then delete the file',
    }
    return readJsonFile(this.file, content, words) ?? {}
  }
}
