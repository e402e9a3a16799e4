import { duration, integer } from './kinds.ts'
import { option } from './option.ts'

/** How long superseded snapshots stay backups. */
export const RETENTION_OPTIONS = {
  keepLast: option({
    env: 'WA_GATEWAY_KEEP_LAST',
    key: 'retention.keepLast',
    kind: integer(1, 1_000),
    reload: 'replica',
    default: 4,
    doc: 'Newest backups of a session that stay however old they are. Old ratchets undo forward secrecy: whoever gets hold of an old backup and has recorded the ciphertext since can read it, so keep no more and no longer than you would go back.',
  }),
  keepHourly: option({
    env: 'WA_GATEWAY_KEEP_HOURLY',
    key: 'retention.keepHourly',
    kind: integer(0, 8_760),
    reload: 'replica',
    default: 72,
    doc: 'Hours, counted from now, of each of which the newest backup stays.',
  }),
  keepDaily: option({
    env: 'WA_GATEWAY_KEEP_DAILY',
    key: 'retention.keepDaily',
    kind: integer(0, 3_650),
    reload: 'replica',
    default: 0,
    doc: 'Days (UTC), counted from now, of each of which the newest backup stays.',
  }),
  keepWithin: option({
    env: 'WA_GATEWAY_KEEP_WITHIN',
    key: 'retention.keepWithin',
    kind: duration,
    reload: 'replica',
    default: 0,
    doc: 'Age up to which every backup stays, such as `36h` or `7d`. Whatever the four say, the newest that is sound stays, named ones until their name is dropped, and what the point-in-time window needs; those made by hand or replaced by a restore: the newest 20 for 30 days.',
  }),
} as const
