// A process of its own over a shared folder: `folder-writer.ts <dir> <job> <argument>`.
import { openFolderStore } from '../../src/store/folder.ts'
import type { ObjectStore } from '../../src/store/port.ts'

const [dir = '', job = '', argument = ''] = process.argv.slice(2)
const store = await openFolderStore(dir)
const count = Number(argument)

switch (job) {
  case 'increment':
    await increment(store, count)
    break
  case 'claim':
    process.stdout.write(`${JSON.stringify(await claim(store, count))}\n`)
    break
  case 'churn':
    process.stdout.write(`${JSON.stringify(await churn(store, count))}\n`)
    break
  case 'write-for-ever':
    await writeForEver(store)
    break
  default:
    throw new Error(`no job ${job}`)
}

/** Adds one to the counter so many times, by reading and swapping. */
async function increment(shared: ObjectStore, times: number): Promise<void> {
  for (let done = 0; done < times;) {
    const current = await shared.get('counter')
    if (current === undefined) throw new Error('the counter is missing')
    const next = Number(Buffer.from(current.bytes).toString()) + 1
    const outcome = await shared.compareAndSwap('counter', Buffer.from(`${next}`), current.etag)
    if (outcome.kind === 'stored') done += 1
  }
}

/** Creates each slot where it is absent; the slots that were won. */
async function claim(shared: ObjectStore, slots: number): Promise<number[]> {
  const won: number[] = []
  for (let slot = 0; slot < slots; slot += 1) {
    const outcome = await shared.putIfAbsent(`slots/${slot}`, Buffer.from(`${process.pid}`))
    if (outcome.kind === 'stored') won.push(slot)
  }
  return won
}

/**
 * Creates, swaps and removes one object among others who do the same, always with the same bytes.
 * How often a version was created, and how often one was swapped away or removed by its etag.
 */
async function churn(
  shared: ObjectStore,
  times: number,
): Promise<{ created: string[]; swapped: string[] }> {
  const created: string[] = []
  const swapped: string[] = []
  for (let turn = 0; turn < times; turn += 1) {
    const fresh = await shared.putIfAbsent('churn/one', Buffer.from('same'))
    if (fresh.kind === 'stored') created.push(fresh.etag)
    const seen = await shared.get('churn/one')
    if (seen !== undefined) {
      const next = await shared.compareAndSwap('churn/one', Buffer.from('same'), seen.etag)
      if (next.kind === 'stored') {
        swapped.push(seen.etag)
        created.push(next.etag)
      }
    }
    if (turn % 3 === 0) await shared.remove('churn/one')
  }
  return { created, swapped }
}

/** Bytes that tell whether they are whole: their own length in front, then one letter. */
async function writeForEver(shared: ObjectStore): Promise<never> {
  for (let turn = 0; ; turn += 1) {
    const length = 1000 + ((turn * 7919) % 60_000)
    const letter = String.fromCodePoint(97 + (turn % 26))
    const body = Buffer.from(`${length}:${letter.repeat(length)}`)
    await shared.put('torn/swapped', body)
    await shared.putIfAbsent(`torn/created/${process.pid}-${turn % 50}`, body)
    if (turn % 5 === 0) await shared.remove(`torn/created/${process.pid}-${(turn + 7) % 50}`)
  }
}
