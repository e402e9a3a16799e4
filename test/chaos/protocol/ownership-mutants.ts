import type { Mutant } from './mutant.ts'

const SHIPPER = 'src/replica/log/shipper.ts'
const WRITE_BUNDLE = 'src/replica/log/write-bundle.ts'
const GATHER = 'src/replica/log/gather.ts'
const FENCING = 'src/replica/log/fencing.ts'
const TAIL = 'src/replica/log/tail.ts'
const CLAIM = 'src/replica/claim.ts'
const EVIDENCE = 'src/replica/evidence.ts'

/** Who may write, and what it may rest on: rules 1 to 8. */
export const OWNERSHIP_MUTANTS: Mutant[] = [
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
        file: WRITE_BUNDLE,
        text: 'const { slot, writeId, bytes } = bundle',
        by: 'const { slot, writeId } = bundle',
      },
      { file: WRITE_BUNDLE, text: '        bytes,\n', by: '        bytes: bundle.bytes,\n' },
      { file: SHIPPER, text: 'const { slot, ends } = bundle', by: 'let { slot, ends } = bundle' },
      {
        file: SHIPPER,
        text: 'await this.#sleep(pause)\n',
        by: `await this.#sleep(pause)
        for (const id of this.#context.held.keys()) this.#dirty.add(id)
        const again = await this.#collect()
        if (again === undefined) return
        bundle.bytes = again.bytes
        ends = again.ends\n`,
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
        by: 'const me = this.#me()\n    await this.#context.auth.confirmShipped(me.boot, slot, ends)\n',
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
        text: 'return this.#fenced(slot, found)',
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
]
