import type { Mutant } from './mutant.ts'

const COLLECT = 'src/replica/log/collect.ts'
const FOLD = 'src/replica/fold.ts'
const PRUNE = 'src/replica/retention/prune.ts'
const SWEEP = 'src/replica/retention/sweep.ts'

/** What is stored beside the log, how long it stays, and going back: rules 9 to 13. */
export const RETENTION_MUTANTS: Mutant[] = [
  {
    rule: 9,
    breaks: 'the slot is noted after the snapshot was taken',
    changes: [
      {
        file: FOLD,
        text: `const { slot } = context.log.position
  const found = await snapshotFor(context, sessionId, held, known.record, trigger, signal)`,
        by: `const found = await snapshotFor(context, sessionId, held, known.record, trigger, signal)
  const { slot } = context.log.position`,
      },
    ],
  },
  {
    rule: 10,
    breaks: 'a session is released before its last change is stored',
    changes: [
      {
        file: 'src/replica/release.ts',
        text: 'await shipAll(context, sessionId, held, signal)',
        by: '',
      },
    ],
  },
  {
    rule: 11,
    breaks: 'a bundle goes though a session needs it',
    changes: [
      {
        file: COLLECT,
        text: 'return position >= base.position && newest > base.seq',
        by: 'return false',
      },
    ],
  },
  {
    rule: 11,
    breaks: 'bundles go without a word',
    changes: [
      {
        file: COLLECT,
        text: 'if (low > known.low && !(await swapLow(context, boot, low, known, options))) return 0',
        by: '',
      },
    ],
  },
  {
    rule: 11,
    breaks: 'fences go too',
    changes: [
      {
        file: COLLECT,
        text: "if (found?.kind !== 'bundle') break\n    if (found.at > windowStart) break\n    old.push(found.sessions)",
        by: "if (found === undefined) break\n    old.push(found.kind === 'fence' ? new Map() : found.sessions)",
      },
      {
        file: COLLECT,
        text: "if ((await context.log.slots.read(boot, slot))?.kind !== 'bundle') continue",
        by: '',
      },
    ],
  },
  {
    rule: 12,
    breaks: 'going back goes back in numbers',
    changes: [
      {
        file: 'src/replica/restore/rewind.ts',
        text: 'const seq = last.seq + 1',
        by: 'const seq = old.seq + 1',
      },
    ],
  },
  {
    rule: 13,
    breaks: 'a backup goes before the record lets go of it',
    changes: [
      {
        file: PRUNE,
        text: 'if (isChanged(record, next) && options.dryRun !== true) {',
        by: `for (const { name } of sweepable({ ...record, ...next }, listed))
      await context.store.remove(name)
  if (isChanged(record, next) && options.dryRun !== true) {`,
      },
    ],
  },
  {
    rule: 13,
    breaks: 'a sweep takes what may be named a moment later',
    changes: [
      { file: SWEEP, text: 'return record.released || seq < record.seq', by: 'return true' },
    ],
  },
  {
    rule: 13,
    breaks: 'a sweep takes what belongs to an epoch that begins',
    changes: [
      {
        file: SWEEP,
        text: 'if (epoch !== record.epoch) return epoch < record.epoch',
        by: 'if (epoch !== record.epoch) return true',
      },
      {
        file: PRUNE,
        text: 'const listed = await listSnapshots(context, sessionId, options.signal)\n',
        by: '',
      },
      {
        file: PRUNE,
        text: 'if (known === undefined) return nothing(sessionId)\n',
        by: `if (known === undefined) return nothing(sessionId)
    const listed = await listSnapshots(context, sessionId, options.signal)\n`,
      },
    ],
  },
]
