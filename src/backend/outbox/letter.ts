/** A call to the backend that is to be delivered at least once. */
export interface Letter {
  /** Order of arrival. */
  seq: number
  lane: string
  call: LetterCall
  body: object
  /** Milliseconds since the epoch at which it was written. */
  at: number
  /** Worthless from here on. What expires is never written to disk: a QR code holds a secret. */
  expiresAt?: number
}

export type LetterCall = 'recovery status' | 'sessions preserved' | 'session status'

/** Reports and notices of the worker, which arrive in the order in which they were made. */
export const WORKER_LANE = 'worker'

/** The lane of a session's statuses, of which only the newest is kept. */
export function statusLane(sessionId: string): string {
  return `session ${sessionId}`
}

/** The session whose statuses go along this lane; undefined for the worker's. */
export function laneSession(lane: string): string | undefined {
  const prefix = statusLane('')
  return lane.startsWith(prefix) ? lane.slice(prefix.length) : undefined
}

export function isStatus({ call }: Pick<Letter, 'call'>): boolean {
  return call === 'session status'
}

/** Bytes that a letter counts for. */
export function sizeOf({ body, lane }: Letter): number {
  return Buffer.byteLength(JSON.stringify(body)) + lane.length
}
