import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { GatewayError } from '../session/errors.ts'
import { decodePortable, type Unlock } from './portable.ts'
import type { Found, SourceSession } from './source.ts'

export const PORTABLE_END = '.wagw'

/** One session that `backup export --format portable` wrote. */
export function portableSession(path: string, unlock: Unlock): SourceSession {
  return {
    id: basename(path, PORTABLE_END),
    place: path,
    read: async (signal) => read(await readFile(path, { signal }), unlock),
  }
}

async function read(file: Buffer, unlock: Unlock): Promise<Found> {
  try {
    const { about, entries } = await decodePortable(file, unlock)
    return { kind: 'state', session: about.session, entries, damaged: [], notes: [] }
  } catch (error) {
    // A wrong passphrase is wrong for the others too, and is no fault of the file.
    if (!(error instanceof GatewayError) || error.code !== 'replica.damaged') throw error
    return { kind: 'unusable', what: error.message }
  }
}
