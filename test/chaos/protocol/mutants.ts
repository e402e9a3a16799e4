/** A rule of the protocol broken on purpose: `text` in `file` becomes `by`. */
export interface Mutant {
  /** Which of the rules in docs/ARCHITECTURE.md. */
  rule: number
  breaks: string
  changes: { file: string; text: string; by: string }[]
}

const SHIPPER = 'src/replica/log/shipper.ts'
const GATHER = 'src/replica/log/gather.ts'
const FENCING = 'src/replica/log/fencing.ts'
const TAIL = 'src/replica/log/tail.ts'
const COLLECT = 'src/replica/log/collect.ts'
const CLAIM = 'src/replica/claim.ts'
const EVIDENCE = 'src/replica/evidence.ts'
const FOLD = 'src/replica/fold.ts'
const PRUNE = 'src/replica/retention/prune.ts'
const SWEEP = 'src/replica/retention/sweep.ts'

export const MUTANTS: Mutant[] = [
  {
    rule: 1,
    breaks: "an epoch is this disk's by its number and the worker's name, not by the boot",
    changes: [
      {
        file: EVIDENCE,
        text: 'if (local === undefined || !auth.isMine(boot)) return false',
        by: 'if (local === undefined) return false',
      },
      {
        file: EVIDENCE,
        text: 'tag.epoch === epoch && tag.boot === boot',
        by: 'tag.epoch === epoch',
      },
      {
        file: 'src/replica/survey.ts',
        text: 'context.auth.nextSlot(range.boot)',
        by: 'context.auth.isMine(range.boot) ? context.auth.nextSlot(range.boot) : range.to',
      },
      {
        file: 'src/session/plan.ts',
        text: 't.epoch === owner.epoch && t.boot === owner.boot)',
        by: 't.epoch === owner.epoch)',
      },
    ],
  },
  {
    rule: 2,
    breaks: 'a repeated write takes newer changes along',
    changes: [
      {
        file: SHIPPER,
        text: 'const { slot, writeId, bytes, ends } = bundle',
        by: 'const { slot, writeId } = bundle; let { bytes, ends } = bundle',
      },
      {
        file: SHIPPER,
        text: 'await this.#sleep(pause)\n',
        by: `await this.#sleep(pause)
        for (const id of this.#context.held.keys()) this.#dirty.add(id)
        const again = await this.#collect()
        if (again !== undefined) ({ bytes, ends } = again)\n`,
      },
      {
        file: SHIPPER,
        text: 'const context = { ...this.#context, journal }',
        by: `const writeId = this.#inFlight?.writeId
    const newWriteId = () => writeId ?? this.#context.newWriteId()
    const context = { ...this.#context, journal, newWriteId }`,
      },
    ],
  },
  {
    rule: 3,
    breaks: 'slots have holes',
    changes: [{ file: SHIPPER, text: 'this.#slot = slot + 1', by: 'this.#slot = slot + 2' }],
  },
  {
    rule: 3,
    breaks: 'changes of sessions go out that another boot holds',
    changes: [
      {
        file: GATHER,
        text: 'if (held === undefined || held.boot !== boot || !held.complete) continue',
        by: 'if (held === undefined) continue',
      },
      {
        file: CLAIM,
        text: 'if (auth.boot !== boot || context.log.position.boot !== boot) return undefined',
        by: '',
      },
      {
        file: SHIPPER,
        text: 'if (held.get(sessionId)?.boot !== this.#boot) return',
        by: 'if (held.get(sessionId) === undefined) return',
      },
    ],
  },
  {
    rule: 4,
    breaks: 'a change is acknowledged before the store has it',
    changes: [
      {
        file: SHIPPER,
        text: 'const me = this.#me()\n',
        by: 'const me = this.#me()\n    await auth.confirmShipped(me.boot, slot, ends)\n',
      },
    ],
  },
  {
    rule: 5,
    breaks: 'logs of other boots are not ended',
    changes: [
      {
        file: FENCING,
        text: 'const placed = !end.fenced && !end.hole && (await this.#place(boot, end.slot))',
        by: 'const placed = !end.fenced && !end.hole',
      },
    ],
  },
  {
    rule: 5,
    breaks: 'local state serves by its number alone',
    changes: [
      {
        file: EVIDENCE,
        text: 'return local.tags.some((tag) => tag.epoch === epoch && tag.boot === boot)',
        by: 'return local.seq >= record.seq && auth.isMine(boot)',
      },
      {
        file: 'src/session/plan.ts',
        text: "if (!same || local.seq < owner.seq) return 'older'",
        by: "if (local.seq < owner.seq) return 'older'\n  if (local.seq >= owner.seq) return 'newest'",
      },
    ],
  },
  {
    rule: 5,
    breaks: 'what a rolled back disk forgot is not looked for',
    changes: [
      {
        file: 'src/replica/survey.ts',
        text: 'if (range.boot !== record.boot) return []',
        by: 'if (range.to > -1) return []',
      },
    ],
  },
  {
    rule: 5,
    breaks: 'the base is noted after the epoch was taken',
    changes: [
      {
        file: CLAIM,
        text: 'else if (auth.find(sessionId) !== undefined) await auth.tag(sessionId, tag, true)',
        by: '',
      },
      {
        file: CLAIM,
        text: 'if (auth.find(sessionId) !== undefined) await auth.confirmEpoch(sessionId, epoch)',
        by: `if (auth.find(sessionId) !== undefined) {
    await auth.tag(sessionId, tag, true)
    await auth.confirmEpoch(sessionId, epoch)
  }`,
      },
    ],
  },
  {
    rule: 6,
    breaks: 'a fence is placed in a slot that was collected',
    changes: [
      { file: FENCING, text: 'if (low > end.slot) slot = low', by: 'if (low < 0) slot = low' },
      {
        file: FENCING,
        text: 'if (own === 0) slot = Math.max(slot, (await readLow(this.#context, boot)).low)',
        by: '',
      },
    ],
  },
  {
    rule: 7,
    breaks: 'a missing bundle is passed over',
    changes: [
      {
        file: TAIL,
        text: 'if (slot !== undefined || (await readLow(context, range)).low > number) return slot',
        by: 'if (slot !== undefined) return slot',
      },
    ],
  },
  {
    rule: 7,
    breaks: 'what is missing counts as damage though the record moved on',
    changes: [
      {
        file: CLAIM,
        text: "if (changed(known, await readRecord(context, sessionId, signal))) return 'changed'",
        by: '',
      },
    ],
  },
  {
    rule: 8,
    breaks: 'a fenced worker writes on behind the fence',
    changes: [
      {
        file: SHIPPER,
        text: 'return this.#fenced(slot, outcome.current)',
        by: `{
            this.#slot = slot + 1
            for (const { sessionId } of ends) this.#dirty.add(sessionId)
            return
          }`,
      },
    ],
  },
  {
    rule: 8,
    breaks: 'a fenced worker goes on under the same boot',
    changes: [
      {
        file: 'src/replica/log/fenced.ts',
        text: 'this.#parts.restart(await this.#parts.context.auth.renewBoot())',
        by: 'this.#parts.restart(this.#parts.context.auth.boot)',
      },
    ],
  },
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
