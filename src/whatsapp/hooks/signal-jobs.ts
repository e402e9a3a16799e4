import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { libsignal } from './libsignal.ts'

/*
 * libsignal has one job queue per contact address for the whole process, and runs a queued job in
 * the async context of whoever woke the queue. Two things follow with many accounts that write to
 * one contact. Baileys keeps its transaction in that context, so a third of the reads and writes
 * would land in another account's transaction. And a read that never settles, of an account whose
 * local state was found damaged, would stop everybody's messages with that contact. So each account
 * has queues of its own, and every job is bound to the context of whoever queued it.
 */

type StorageMethod = (...args: unknown[]) => unknown
type Storage = Record<string, unknown>

/** An account is known by its storage: one for each key store. */
const numbers = new WeakMap<Storage, number>()
let last = 0

function numberOf(storage: Storage): number {
  const number = numbers.get(storage) ?? ++last
  numbers.set(storage, number)
  return number
}

/** `as`: what the queue is called by; the storage knows the contact by `address`. */
function boundToCaller(
  storage: Storage,
  { address, as }: { address: string; as: string },
): Storage {
  const inCallersContext = AsyncLocalStorage.snapshot()
  const bound: Storage = {}
  for (const [name, value] of Object.entries(storage)) {
    if (typeof value !== 'function') continue
    const method = value as StorageMethod
    bound[name] = (...args: unknown[]) => {
      const meant = args.map((arg) => (arg === as ? address : arg))
      return inCallersContext(() => method.apply(storage, meant))
    }
  }
  return bound
}

let installed = false

export function separateSignalJobs(): void {
  if (installed) return
  installed = true

  const cipher = libsignal.SessionCipher.prototype
  // oxlint-disable-next-line typescript/unbound-method -- called with its own `this` below
  const queueJob = cipher.queueJob
  cipher.queueJob = function (job) {
    const { as } = queueOf(this)
    const own = Object.create(this) as typeof cipher
    own.addr = { ...this.addr, toString: () => as }
    return queueJob.call(own, AsyncResource.bind(job))
  }

  // SessionBuilder calls the queue directly, so its storage is bound instead of the job.
  const builder = libsignal.SessionBuilder.prototype
  // oxlint-disable-next-line typescript/unbound-method -- called with its own `this` below
  const initOutgoing = builder.initOutgoing
  builder.initOutgoing = function (device) {
    const queue = queueOf(this)
    const bound = Object.create(this) as typeof builder
    bound.storage = boundToCaller(this.storage, queue)
    bound.addr = { ...this.addr, toString: () => queue.as }
    return initOutgoing.call(bound, device)
  }
}

function queueOf({ addr, storage }: { addr: { toString(): string }; storage: Storage }): {
  address: string
  as: string
} {
  const address = addr.toString()
  return { address, as: `${numberOf(storage)} ${address}` }
}
