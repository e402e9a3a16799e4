import type { StoreReplica } from '../../../src/replica/replica.ts'
import type { MemoryAuthStore, MemoryDisk } from '../../support/memory-auth-store.ts'

export interface Disk {
  disk: MemoryDisk
  /** Changes when the disk is wiped or rolled back. */
  id: number
}

export interface Host {
  name: string
  disk: Disk
  saved: MemoryDisk | undefined
  process: Process | undefined
}

/** What an open session of a process wrote, and how much of it was acknowledged. */
export interface Open {
  acked: number
  writes: { id: string; seq: number }[]
  acking: boolean
  sealed: boolean
}

export interface Process {
  host: Host
  /** The disk's identity when the process began. */
  diskId: number
  /** Every boot that it minted. */
  boots: Set<string>
  auth: MemoryAuthStore
  replica: StoreReplica
  open: Map<string, Open>
  busy: Set<string>
}
