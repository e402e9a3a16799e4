import { GatewayError } from '../session/errors.ts'
import { keyOf } from './file-names.ts'
import {
  hasCreds,
  readStateFile,
  stateOfFiles,
  type ReadFile,
  type ReadState,
} from './multi-file.ts'
import type { Found } from './source.ts'

/** Something that holds the files of one session. */
export interface Shelf {
  /** The files and what changes with each of them: time and size, or an etag. */
  look(signal: AbortSignal): Promise<Map<string, string>>
  /** Undefined where there is no such file any more. */
  take(name: string, signal: AbortSignal): Promise<Uint8Array | undefined>
}

const FILES_AT_ONCE = 16
/** No account is larger; it keeps a folder of films out of the memory. */
const LARGEST = 256 * 1024 * 1024
/** Names in a note. */
const SHOWN = 3

/**
 * Reads all files, each value as its file comes, and makes sure that nobody wrote to any of them
 * meanwhile.
 */
export async function readStably(shelf: Shelf, signal: AbortSignal): Promise<Found> {
  const all = await shelf.look(signal)
  const before = ofBaileys(all)
  const names = [...before.keys()]
  const files: ReadFile[] = []
  let next = 0
  let total = 0
  // A task for each of them would be more than what is read.
  const lane = async (): Promise<void> => {
    for (let index = next++; index < names.length; index = next++) {
      signal.throwIfAborted()
      const name = names[index] ?? ''
      const bytes = await shelf.take(name, signal)
      total += bytes?.length ?? 0
      if (total > LARGEST) throw tooLarge()
      files[index] = bytes && readStateFile({ name, bytes })
    }
  }
  try {
    await Promise.all(Array.from({ length: FILES_AT_ONCE }, lane))
  } finally {
    next = names.length
  }
  const after = ofBaileys(await shelf.look(signal))
  const changed = difference(before, after)
  if (changed !== undefined) return { kind: 'changed', what: changed }
  const state = stateOfFiles(files)
  if (!hasCreds(state)) return { kind: 'unusable', what: credsFault(state) }
  const { entries, damaged, nameless } = state
  const foreign = [...all.keys()].filter((name) => !before.has(name))
  return { kind: 'state', entries, damaged, notes: notesOf(nameless, foreign) }
}

/** Others are named, and neither read nor watched. */
function ofBaileys(files: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...files].filter(([name]) => keyOf(name).kind !== 'foreign'))
}

function credsFault({ damaged }: ReadState): string {
  return damaged.find((fault) => fault.startsWith('creds.json')) ?? 'creds.json is missing'
}

function notesOf(nameless: readonly string[], foreign: readonly string[]): string[] {
  const notes: string[] = []
  if (nameless.length > 0)
    notes.push(`left out, since the name does not say which value it is: ${listed(nameless)}`)
  if (foreign.length > 0) notes.push(`left out, not Baileys': ${listed(foreign)}`)
  return notes
}

export function listed(names: readonly string[]): string {
  const more = names.length - SHOWN
  const shown = names.slice(0, SHOWN).join(', ')
  return more > 0 ? `${shown} and ${more} more` : shown
}

function difference(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string | undefined {
  for (const [name, stamp] of after) if (before.get(name) !== stamp) return name
  for (const name of before.keys()) if (!after.has(name)) return name
  return undefined
}

function tooLarge(): GatewayError {
  return new GatewayError({
    code: 'usage',
    message: `there are more than ${LARGEST / 1024 / 1024} MiB: this is no session`,
    hint: 'name the folder of the session',
  })
}
