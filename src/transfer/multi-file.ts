import type { Entry } from '../authstate/port.ts'
import { isOwnType } from '../session/own-type.ts'
import { CREDS_FILE, fileNameOf, keyOf, readsBack } from './file-names.ts'
import { textOfValue, valueOfText } from './json-values.ts'

/** A file of a multi-file folder, or an object of a bucket that holds one. */
export interface StateFile {
  name: string
  bytes: Uint8Array
}

/** What the files of one session hold. */
export interface ReadState {
  entries: Entry[]
  /** Files that hold a value and cannot be read, each with what is wrong. */
  damaged: string[]
  /** Files of the session's that are left out, since their name does not say which value it is. */
  nameless: string[]
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** What one file says; nothing where it is none of Baileys', or holds what he reads as none. */
export type ReadFile = { entry: Entry } | { damaged: string } | { nameless: string } | undefined

export function readStateFile({ name, bytes }: StateFile): ReadFile {
  const key = keyOf(name)
  if (key.kind === 'foreign') return undefined
  const { fault, value } = readValue(bytes)
  if (fault !== undefined) return { damaged: `${name} ${fault}` }
  if (key.kind === 'lossy') return { nameless: name }
  return value && { entry: { type: key.type, id: key.id, value } }
}

export function stateOfFiles(files: Iterable<ReadFile>): ReadState {
  const state: ReadState = { entries: [], damaged: [], nameless: [] }
  for (const file of files) {
    if (file === undefined) continue
    if ('entry' in file) state.entries.push(file.entry)
    else if ('damaged' in file) state.damaged.push(file.damaged)
    else state.nameless.push(file.nameless)
  }
  if (!state.entries.some(({ type }) => type === 'creds') && !hasDamagedCreds(state))
    state.damaged.push(`${CREDS_FILE} is missing`)
  return state
}

function hasDamagedCreds({ damaged }: ReadState): boolean {
  return damaged.some((fault) => fault.startsWith(`${CREDS_FILE} `))
}

/** Its creds are there, whatever else is missing. */
export function hasCreds({ entries }: ReadState): boolean {
  return entries.some(({ type }) => type === 'creds')
}

/** useMultiFileAuthState writes its files in place: whatever kills it leaves the torn ones. */
function readValue(bytes: Uint8Array): { value?: Uint8Array | undefined; fault?: string } {
  if (bytes.length === 0) return { fault: 'is empty' }
  if (bytes.every((byte) => byte === 0)) return { fault: 'holds nothing but zeros' }
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    // Where it is not UTF-8 does not matter, and the error could quote it.
    return { fault: 'is no text' }
  }
  try {
    return { value: valueOfText(text) }
  } catch {
    // The error would quote what is in the file.
    return { fault: text.trimEnd().endsWith('}') ? 'is no JSON' : 'is cut off' }
  }
}

/** The files in which stock Baileys finds these values. */
export function* stateFiles(entries: readonly Entry[]): Generator<StateFile> {
  for (const { type, id, value } of entries)
    if (!isOwnType(type))
      yield { name: fileNameOf(type, id), bytes: Buffer.from(textOfValue(value)) }
}

/** What keeps these values from being a multi-file folder: two in one file, a name too long. */
export function unwritable(entries: readonly Entry[]): string | undefined {
  const names = new Set<string>()
  for (const { type, id } of entries) {
    const name = fileNameOf(type, id)
    if (name.includes('\0') || Buffer.byteLength(name) > 255)
      return `no file can be named '${name}'`
    if (names.has(name)) return `two of its values would be in one file, ${name}`
    names.add(name)
  }
  return undefined
}

/** Values that stock Baileys finds, and that could not be moved in again from there. */
export function oneWay(entries: readonly Entry[]): number {
  return entries.filter(({ type, id }) => !isOwnType(type) && !readsBack(type, id)).length
}
