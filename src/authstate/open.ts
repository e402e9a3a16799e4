import { join } from 'node:path'

import { GatewayError } from '../session/errors.ts'

import { lockStateDir } from './lock.ts'
import type { StateLock } from './lock.ts'
import type { AckMode, AuthStore } from './port.ts'
import { Pressure } from './pressure.ts'
import { Reader } from './reader.ts'
import type { Revive } from './creds.ts'
import { toStateError } from './sqlite-error.ts'
import { createPrivateFile, moveAside, quarantinePath, syncDirectory } from './state-files.ts'
import { LocalAuthStore } from './store.ts'
import { Writer } from './writer.ts'
import type { Opened } from './writer.ts'

export interface AuthStoreOptions {
  /** Created with mode 0700 where it does not exist. */
  stateDir: string
  /** Turns decoded values into what Baileys wants (protobuf objects of app-state-sync keys). */
  revive?: Revive
  /** When changes are acknowledged; default `local`. */
  ack?: AckMode
  /** The lock where the caller holds it already; otherwise the store takes and releases it. */
  lock?: StateLock
  /** What becomes of a state.db that fails its checks: set aside (default), or `state.corrupt`. */
  onCorrupt?: 'quarantine' | 'fail'
  /** Bytes waiting for the disk above which onPressure listeners hear it; default 64 MiB. */
  highWater?: number
  /** Largest size of state.db in pages of 4,096 bytes; default: as large as the disk. */
  maxPages?: number
  /** Milliseconds since the epoch, for the times of changes; default: the system's clock. */
  now?: () => number
}

const HIGH_WATER = 64 * 1024 * 1024

/**
 * Opens the local auth state. Throws `state.locked`, `state.disk`, `state.permission`,
 * `state.newer`, or `state.corrupt` with `onCorrupt: 'fail'`.
 */
export async function openAuthStore(options: AuthStoreOptions): Promise<AuthStore> {
  const lock = options.lock ?? lockStateDir(options.stateDir)
  const release = () => {
    if (options.lock === undefined) lock.release()
  }
  try {
    return await openLocked(options, release)
  } catch (error) {
    release()
    throw error
  }
}

async function openLocked(options: AuthStoreOptions, release: () => void): Promise<AuthStore> {
  const file = join(options.stateDir, 'state.db')
  const pressure = new Pressure(options.highWater ?? HIGH_WATER)
  const stores: LocalAuthStore[] = []
  const start = async (): Promise<{ writer: Writer; opened: Opened; reader: Reader }> => {
    createPrivateFile(file)
    syncDirectory(options.stateDir)
    const { writer, opened } = await Writer.start({
      file,
      maxPages: options.maxPages,
      onCommit: (heads) => {
        for (const store of stores) store.committed(heads)
      },
      onDamage: (sessionId, error) => {
        for (const store of stores) store.damaged(sessionId, error)
      },
      onFailure: (error) => {
        for (const store of stores) store.failed(error)
      },
    })
    try {
      return { writer, opened, reader: new Reader(file) }
    } catch (error) {
      // Whether closing works or not, this is the error to report.
      await Promise.allSettled([writer.close()])
      throw toStateError(error, file)
    }
  }

  let quarantined: string | undefined
  const { writer, opened, reader } = await start().catch((error: unknown) => {
    const corrupt = error instanceof GatewayError && error.code === 'state.corrupt'
    if (!corrupt || options.onCorrupt === 'fail') throw error
    quarantined = quarantinePath(options.stateDir, 'state', new Date())
    moveAside(file, quarantined)
    return start()
  })
  const store = new LocalAuthStore({
    stateDir: options.stateDir,
    file,
    quarantined,
    opened,
    writer,
    reader,
    pressure,
    ack: options.ack ?? 'local',
    now: options.now ?? Date.now,
    revive: options.revive ?? ((_, value) => value),
    release,
  })
  stores.push(store)
  return store
}
