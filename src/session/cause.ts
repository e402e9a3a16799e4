import { EXIT } from './errors.ts'

/**
 * Cause -> action, the one table behind reconnecting, recovery reports, exit statuses and
 * `status --why`. Disconnect codes are Baileys' (`lastDisconnect.error.output.statusCode`).
 *
 * action: `reconnect-now` (WhatsApp asked for it), `backoff` (wait with jitter, try again),
 * `ask-owner` (read the owner record before anything else, then rest), `stop` (nothing that the
 * worker may do by itself helps).
 *
 * Which cause something has: src/session/cause-of.ts; a recovery plan that refuses names its own.
 */
type CauseAction = 'reconnect-now' | 'backoff' | 'ask-owner' | 'stop'

/** What may be away for everybody. */
export type Outage = 'whatsapp' | 'store'

interface Cause {
  action: CauseAction
  /** Waiting may heal it: recoveries try again, supervision goes on. */
  retryable: boolean
  exit: number
  /**
   * Whose outage it is a sign of. Many sessions that fail like that at once pause all of them
   * (src/recovery/breaker.ts).
   */
  outage?: Outage
  /** Who must be there, or nobody could have said so. */
  answered?: Outage
  /** A person has to hear of it: it goes to the log as an error. */
  alert?: true
  /** What happened, for a person. */
  words: string
  /** What the person does next. */
  next: string
}

const WAIT = 'nothing: the worker tries again by itself'

export const CAUSES = {
  'restart-required': {
    action: 'reconnect-now',
    retryable: true,
    exit: EXIT.failed,
    answered: 'whatsapp',
    words: 'WhatsApp asked for a new connection',
    next: WAIT,
  },
  'connection-lost': {
    action: 'backoff',
    retryable: true,
    exit: EXIT.failed,
    outage: 'whatsapp',
    words: 'the connection to WhatsApp was lost or timed out',
    next: WAIT,
  },
  'connection-closed': {
    action: 'backoff',
    retryable: true,
    exit: EXIT.failed,
    outage: 'whatsapp',
    words: 'WhatsApp closed the connection',
    next: WAIT,
  },
  'server-error': {
    action: 'backoff',
    retryable: true,
    exit: EXIT.failed,
    outage: 'whatsapp',
    words: 'WhatsApp answered with an error of its own',
    next: WAIT,
  },
  stalled: {
    action: 'backoff',
    retryable: true,
    exit: EXIT.failed,
    words: 'changes wait to be stored, and what rests on them waits too',
    next: 'check the disk of the state directory and the object store; it goes on by itself',
  },
  unavailable: {
    action: 'backoff',
    retryable: true,
    exit: EXIT.failed,
    outage: 'whatsapp',
    words: 'WhatsApp is unavailable',
    next: WAIT,
  },
  unreachable: {
    action: 'backoff',
    retryable: true,
    exit: EXIT.failed,
    outage: 'whatsapp',
    words: 'WhatsApp could not be reached',
    next: 'check the network; the worker tries again by itself',
  },
  replaced: {
    action: 'ask-owner',
    retryable: false,
    exit: EXIT.busy,
    answered: 'whatsapp',
    alert: true,
    words: 'the same account was opened somewhere else',
    next: 'stop the other program that uses this session, then run `wa-gateway recover --session ID`',
  },
  'owned-elsewhere': {
    action: 'stop',
    retryable: false,
    exit: EXIT.busy,
    answered: 'store',
    alert: true,
    words: 'another worker owns this session',
    next: 'stop it there first, or run `wa-gateway recover --session ID --take-over`',
  },
  'logged-out': {
    action: 'stop',
    retryable: false,
    exit: EXIT.personNeeded,
    answered: 'whatsapp',
    alert: true,
    words: 'the phone unlinked this device',
    next: 'run `wa-gateway session pair ID` and scan the QR code; the old state is kept as a backup',
  },
  banned: {
    action: 'stop',
    retryable: false,
    exit: EXIT.personNeeded,
    answered: 'whatsapp',
    alert: true,
    words: 'WhatsApp refuses this account',
    next: 'open WhatsApp on the phone to see why; the state is kept',
  },
  'version-refused': {
    action: 'stop',
    retryable: false,
    exit: EXIT.configuration,
    answered: 'whatsapp',
    alert: true,
    words: 'WhatsApp refuses this client version or the phone lacks multi-device',
    next: 'update wa-gateway, then run `wa-gateway recover --session ID`',
  },
  certificate: {
    action: 'stop',
    retryable: false,
    exit: EXIT.failed,
    alert: true,
    words: 'the server could not prove that it is WhatsApp',
    next: 'check the network for interception, and WA_GATEWAY_WHATSAPP_URL and _ROOT',
  },
  'bad-session': {
    action: 'backoff',
    retryable: true,
    exit: EXIT.failed,
    outage: 'whatsapp',
    words: 'WhatsApp found the session in an unexpected state',
    next: WAIT,
  },
  'pairing-expired': {
    action: 'stop',
    retryable: false,
    exit: EXIT.timedOut,
    words: 'nobody scanned the QR code or entered the pairing code in time',
    next: 'run `wa-gateway session pair ID` again',
  },
  'no-state': {
    action: 'stop',
    retryable: false,
    exit: EXIT.personNeeded,
    answered: 'store',
    words: 'no auth state was found on disk or in the object store',
    next: 'run `wa-gateway session pair ID`, or restore a backup',
  },
  damaged: {
    action: 'stop',
    retryable: false,
    exit: EXIT.integrity,
    alert: true,
    words: 'the stored auth state is damaged',
    next: 'run `wa-gateway backup list --session ID` and `wa-gateway backup restore --session ID --from SNAPSHOT`',
  },
  stale: {
    action: 'stop',
    retryable: false,
    exit: EXIT.stale,
    answered: 'store',
    alert: true,
    words: 'what can be restored is older than what WhatsApp has already seen',
    next: 'find the newer copy, or see `wa-gateway backup restore --help` for what going back breaks',
  },
  'store-older': {
    action: 'stop',
    retryable: false,
    exit: EXIT.integrity,
    answered: 'store',
    alert: true,
    words: 'this disk was used with a store that knew more of the session than this one',
    next: 'see that MINIO_ENDPOINT, MINIO_BUCKET and MINIO_PREFIX, or WA_GATEWAY_STORAGE_DIR, name the store that was used last, and start the daemon with it; if the store itself was put back, bring its object v1/sessions/ID/owner to its latest version. Restore no backup: this disk has the newest state',
  },
  'store-unavailable': {
    action: 'backoff',
    retryable: true,
    exit: EXIT.failed,
    outage: 'store',
    words: 'the object store could not be reached',
    next: 'check the store; the worker tries again by itself',
  },
  'store-refused': {
    action: 'stop',
    retryable: false,
    exit: EXIT.permission,
    answered: 'store',
    alert: true,
    words: 'the object store refused the request',
    next: 'check MINIO_ACCESS_KEY, MINIO_SECRET_KEY and MINIO_BUCKET',
  },
  disk: {
    action: 'stop',
    retryable: false,
    exit: EXIT.failed,
    alert: true,
    words: 'the local disk failed or is full',
    next: 'free or replace the disk, then start the daemon again',
  },
  timeout: {
    action: 'backoff',
    retryable: true,
    exit: EXIT.timedOut,
    outage: 'whatsapp',
    words: 'the session was not online within SESSION_RECOVERY_TIMEOUT',
    next: 'raise SESSION_RECOVERY_TIMEOUT if the network is slow',
  },
  paused: {
    action: 'stop',
    retryable: false,
    exit: EXIT.failed,
    words: 'the session is paused',
    next: 'run `wa-gateway session resume ID`',
  },
  cancelled: {
    action: 'stop',
    retryable: true,
    exit: EXIT.interrupted,
    words: 'the operation was cancelled',
    next: 'run it again',
  },
  shutdown: {
    action: 'stop',
    retryable: true,
    exit: EXIT.failed,
    words: 'the worker is stopping',
    next: 'start the daemon',
  },
  internal: {
    action: 'stop',
    retryable: false,
    exit: EXIT.failed,
    words: 'an unexpected error',
    next: 'see the log; run `wa-gateway recover --session ID`',
  },
} as const satisfies Record<string, Cause>

export type CauseId = keyof typeof CAUSES

export function cause(id: CauseId): Cause {
  return CAUSES[id]
}

/** What a person does next about this cause, with the session's id in the commands. */
export function nextStep(id: CauseId, sessionId: string): string {
  return CAUSES[id].next.replaceAll(/\bID\b/g, sessionId)
}
