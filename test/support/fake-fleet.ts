import type { MethodHandlers } from '../../src/control/handlers.ts'

const AT = Date.UTC(2025, 5, 1, 12)
const DATABASE = 'db.internal:5432/wa_gateway'

/** The directory of a fleet of which one worker is lost. */
export const fakeFleet: Pick<MethodHandlers, 'fleet.workers' | 'fleet.sessions'> = {
  'fleet.workers': async () => ({
    database: DATABASE,
    workers: [
      {
        worker: 'worker-one',
        standing: 'running',
        boot: 'a1'.repeat(16),
        version: '0.1.0',
        host: 'host-one',
        ready: true,
        startedAt: AT,
        seenAt: AT,
        silentMs: 2_000,
        counts: { online: 1, failed: 1 },
        listed: 2,
      },
      {
        worker: 'worker-two',
        standing: 'silent',
        boot: 'b2'.repeat(16),
        version: '0.1.0',
        host: 'host-two',
        ready: true,
        startedAt: AT,
        seenAt: AT,
        silentMs: 240_000,
        counts: { online: 41 },
        listed: 41,
      },
    ],
  }),
  'fleet.sessions': async ({ worker = 'worker-two', session = 'carl' }) => ({
    database: DATABASE,
    sessions: [
      {
        id: session,
        worker,
        standing: 'silent',
        silentMs: 240_000,
        epoch: 3,
        userId: null,
        name: 'Carl',
        phone: '15550000003',
        desired: 'running',
        assignedBy: 'backend',
        lastState: 'online',
        lastCause: null,
        createdAt: AT,
        pairedAt: AT,
        lastOnlineAt: AT,
        lastActivityAt: AT,
        updatedAt: AT,
      },
    ],
  }),
}
