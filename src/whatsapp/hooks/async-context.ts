import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { libsignal } from './libsignal.ts'

/*
 * libsignal has one job queue per contact address for the whole process, and runs a queued job in
 * the async context of whoever woke the queue. Baileys keeps its transaction in that context, so
 * with many accounts writing to one contact a third of the reads and writes would land in another
 * account's transaction. Every job is bound to the context of the account that queued it.
 */

type StorageMethod = (...args: unknown[]) => unknown

function boundToCaller(storage: Record<string, unknown>): Record<string, unknown> {
  const inCallersContext = AsyncLocalStorage.snapshot()
  const bound: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(storage)) {
    if (typeof value !== 'function') continue
    const method = value as StorageMethod
    bound[name] = (...args: unknown[]) => inCallersContext(() => method.apply(storage, args))
  }
  return bound
}

let installed = false

export function bindSignalJobsToTheirAccount(): void {
  if (installed) return
  installed = true

  const cipher = libsignal.SessionCipher.prototype
  // oxlint-disable-next-line typescript/unbound-method -- called with its own `this` below
  const queueJob = cipher.queueJob
  cipher.queueJob = function (job) {
    return queueJob.call(this, AsyncResource.bind(job))
  }

  // SessionBuilder calls the queue directly, so its storage is bound instead of the job.
  const builder = libsignal.SessionBuilder.prototype
  // oxlint-disable-next-line typescript/unbound-method -- called with its own `this` below
  const initOutgoing = builder.initOutgoing
  builder.initOutgoing = function (device) {
    const bound = Object.create(this) as typeof builder
    bound.storage = boundToCaller(this.storage)
    return initOutgoing.call(bound, device)
  }
}
