import type { Result } from '../../src/control/api.ts'

/** A daemon with whom all is well, and which has no sessions. */
export function daemonStatus(more: Partial<Result<'status'>> = {}): Result<'status'> {
  return {
    version: '0.1.0',
    protocol: 1,
    worker: 'worker-1',
    pid: 7,
    startedAt: 0,
    ready: true,
    phase: 'running',
    whatsapp: { url: 'wss://web.whatsapp.com/ws/chat' },
    store: { label: 'folder /srv/objects', offHost: false, healthy: true },
    shipping: {
      ack: 'local',
      lag: { changes: 0, bytes: 0, oldestMs: 0 },
      paused: false,
      forfeits: [],
      wanted: [],
    },
    backend: { kind: 'standalone', registered: true },
    recovery: { phase: 'none', total: 0, done: 0, recovered: 0, failed: 0, skipped: 0, paused: [] },
    verify: { intervalMs: 604_800_000, sessions: 0, verified: 0, damaged: [] },
    sessions: [],
    ...more,
  }
}
