import type { AssignedSession, BackendHealth, WorkerRegistry } from './port.ts'

/** Nobody's registry: the worker's own knowledge says which sessions are its, nobody is told. */
export class StandaloneRegistry implements WorkerRegistry {
  readonly kind = 'standalone'
  readonly #assigned: () => Promise<AssignedSession[]>

  /** `assigned` lists what the registry and the store know of. */
  constructor(assigned: () => Promise<AssignedSession[]>) {
    this.#assigned = assigned
  }

  async register(): Promise<{ recoveryRequired: boolean; assignedSessionCount: number }> {
    const { length } = await this.#assigned()
    return { recoveryRequired: length > 0, assignedSessionCount: length }
  }

  async getAssignedSessions(): Promise<AssignedSession[]> {
    return this.#assigned()
  }

  /** There is nobody to tell. */
  async heartbeat(): Promise<void> {}
  async reportRecoveryStatus(): Promise<void> {}
  async notifySessionsPreserved(): Promise<void> {}
  async notifySessionStatus(): Promise<void> {}
  forget(): void {}
  async drain(): Promise<void> {}
  async unregister(): Promise<void> {}
  async close(): Promise<void> {}

  health(): BackendHealth {
    return {
      kind: 'standalone',
      registered: false,
      assigned: { source: 'standalone', unlisted: [] },
    }
  }
}
