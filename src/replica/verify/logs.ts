import {
  aliveName,
  bootPrefix,
  lowName,
  slotName,
  slotOf,
  wantName,
  workerOf,
  WORKERS,
  type BootId,
} from '../names.ts'
import type { ObjectAddress } from '../object.ts'
import type { PartCheck } from './port.ts'
import { withKeys } from '../sealer.ts'
import { faultIn, finding, isTrouble, type Fault } from './finding.ts'
import type { VerifyRun } from './run.ts'

/** Slots that are fetched together. */
const AHEAD = 16
const SPARE = 'no session needs it for a recovery; nothing needs to be done'

/** Where the sessions were not verified with it, who needs the object is not known. */
const PERHAPS = 'see which session needs it with `wa-gateway backup verify --all`'

interface LogOptions {
  readData: boolean
  /** Without the sessions. */
  alone: boolean
  /** Those of these workers; undefined: of all. */
  workers: readonly string[] | undefined
  signal: AbortSignal | undefined
}

/** Every log in the store, one after another; what was told of sessions is not told again. */
export async function* checkLogs(run: VerifyRun, options: LogOptions): AsyncGenerator<PartCheck> {
  const { store } = run.context
  const listing = options.signal && { signal: options.signal }
  for await (const part of store.listParts(WORKERS, listing)) {
    const worker = workerOf(part)
    const { workers } = options
    if (workers !== undefined && (worker === undefined || !workers.includes(worker))) continue
    for await (const boot of store.listParts(`${WORKERS}${part}/`, listing))
      yield worker === undefined
        ? unread(`${WORKERS}${part}/${boot}`, "the worker's name is too long to be told from this")
        : await checkLog(run, { worker, boot }, options)
  }
}

async function checkLog(run: VerifyRun, boot: BootId, options: LogOptions): Promise<PartCheck> {
  const name = bootPrefix(boot).slice(0, -1)
  try {
    const { slots, faults } = await walk(run, boot, options)
    const findings = faults
      .filter(({ object }) => !run.wasTold(object))
      .map((fault) => finding(fault, 'spare', options.alone ? PERHAPS : SPARE))
    const outcome = findings.length === 0 ? 'sound' : 'damaged'
    return { kind: 'part', name, outcome, slots, findings }
  } catch (error) {
    options.signal?.throwIfAborted()
    if (isTrouble(error)) return unread(name, error.message)
    throw error
  }
}

async function walk(
  run: VerifyRun,
  boot: BootId,
  { readData, alone, signal }: LogOptions,
): Promise<{ slots: number; faults: Fault[] }> {
  const { auth, store } = run.context
  const prefix = bootPrefix(boot)
  const known = auth.isMine(boot.boot) ? auth.nextSlot(boot.boot) : 0
  const faults: Fault[] = []
  let slots = 0
  let next = 0
  // In a store that was made anew a log goes on where it was: what it lacks no record there names.
  const first = alone ? 0 : run.firstNamed(boot)
  const holeTo = (to: number): Promise<Fault[]> =>
    hole(run, boot, next === 0 ? Math.min(first, to) : next, to, signal)
  let batch: number[] = []
  const readBatch = async (): Promise<void> => {
    const reads = batch.map((slot) => readSlot(run, boot, slot))
    for (const fault of await Promise.all(reads)) if (fault !== undefined) faults.push(fault)
    batch = []
  }
  for await (const { name } of store.list(prefix, signal && { signal })) {
    const slot = slotOf(name.slice(prefix.length))
    if (slot === undefined) {
      const fault = await checkBeside(run, boot, name, signal)
      if (fault !== undefined) faults.push(fault)
      continue
    }
    slots++
    if (slot > next) faults.push(...(await holeTo(slot)))
    next = slot + 1
    if (readData && run.reads(name) && !run.isSound(boot, slot)) batch.push(slot)
    if (batch.length >= AHEAD) await readBatch()
  }
  if (known > next) faults.push(...(await holeTo(known)))
  // The last one may be a fence, which no range reads.
  if (!readData && slots > 0) batch.push(next - 1)
  await readBatch()
  return { slots, faults }
}

async function readSlot(run: VerifyRun, boot: BootId, slot: number): Promise<Fault | undefined> {
  return faultIn(slotName(boot, slot), () => run.readSlot(boot, slot))
}

/** Slots from `from` to `to` (exclusive) are not listed. Those below `low` may be gone. */
async function hole(
  run: VerifyRun,
  boot: BootId,
  from: number,
  to: number,
  signal: AbortSignal | undefined,
): Promise<Fault[]> {
  if (from >= to) return []
  const low = await run.low(boot, to - 1, signal)
  // What is wrong with it is told where it is listed.
  if (typeof low !== 'number') return []
  const faults: Fault[] = []
  for (let slot = Math.max(from, low); slot < to && faults.length < AHEAD; slot++) {
    const name = slotName(boot, slot)
    // A listing is not of one moment.
    const there = await run.context.store.get(name, signal && { signal })
    if (there !== undefined) continue
    const now = await run.low(boot, slot, signal)
    if (typeof now !== 'number' || slot < now) continue
    const what = `the log of worker '${boot.worker}' is damaged (${name}): the bundle is missing, although by ${lowName(boot)} everything from slot ${now} on is there`
    faults.push({ object: name, what })
  }
  return faults
}

async function checkBeside(
  run: VerifyRun,
  boot: BootId,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Fault | undefined> {
  if (name === lowName(boot)) {
    const low = await run.low(boot, Infinity, signal)
    return typeof low === 'number' ? undefined : low
  }
  const kinds = { [aliveName(boot.worker, boot.boot)]: 'alive', [wantName(boot)]: 'want' } as const
  const kind = kinds[name]
  if (kind === undefined) return undefined
  const address: ObjectAddress = { name, kind }
  const { sealer, store } = run.context
  const object = await store.get(name, signal && { signal })
  if (object === undefined) return undefined
  return faultIn(name, () => withKeys(sealer, () => sealer.open(address, object.bytes)))
}

function unread(name: string, detail: string): PartCheck {
  return { kind: 'part', name, outcome: 'unread', slots: 0, findings: [], detail }
}
