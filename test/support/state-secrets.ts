import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeValue } from '../../src/authstate/codec.ts'
import { openAuthStore } from '../../src/authstate/open.ts'
import type { Sightings } from './sightings.ts'

/** Adds every key byte in the state directory of a daemon that has ended; returns how many values. */
export async function addStateSecrets(sightings: Sightings, stateDir: string): Promise<number> {
  // Opening a state changes it, so a copy is opened.
  const dir = await mkdtemp(join(tmpdir(), 'wa-secrets-'))
  try {
    await cp(join(stateDir, 'state.db'), join(dir, 'state.db'))
    await cp(join(stateDir, 'state.db-wal'), join(dir, 'state.db-wal'), { force: true }).catch(
      absent,
    )
    const auth = await openAuthStore({ stateDir: dir, onCorrupt: 'fail' })
    try {
      let values = 0
      for (const { sessionId } of auth.list()) {
        const { entries } = await auth.image(sessionId)
        for (const { type, id, value } of entries)
          sightings.addAll(`${sessionId} ${type} ${id}`, decodeValue(value))
        values += entries.length
      }
      return values
    } finally {
      await auth.close()
    }
  } finally {
    await rm(dir, { recursive: true })
  }
}

function absent(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
