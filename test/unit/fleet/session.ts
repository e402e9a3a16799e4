import type { PublishedSession } from '../../../src/fleet/port.ts'

export function published(id: string, more: Partial<PublishedSession> = {}): PublishedSession {
  return {
    id,
    userId: null,
    name: null,
    phone: null,
    desired: 'running',
    assignedBy: 'local',
    lastState: 'online',
    lastCause: null,
    createdAt: 1,
    pairedAt: 2,
    lastOnlineAt: 3,
    lastActivityAt: null,
    epoch: 1,
    ...more,
  }
}
