import { expect, test } from 'vitest'
import type { ProgressEvent } from '../../../src/control/progress.ts'
import { Attended } from '../../../src/daemon/attended.ts'
import { Meter } from '../../../src/daemon/meter.ts'

interface Step {
  n: number
}

function caller() {
  const heard: Step[] = []
  const gone = new AbortController()
  return { heard, gone, emit: (step: Step) => heard.push(step), signal: gone.signal }
}

/** Work that goes on when it is told to, and counts how often it was begun and stopped. */
function stage() {
  const seen = { begun: 0, stopped: 0 }
  let tell: (step: Step) => void = () => {}
  let end: PromiseWithResolvers<void> = Promise.withResolvers()
  const work = async (emit: (step: Step) => void, signal: AbortSignal): Promise<void> => {
    seen.begun++
    tell = emit
    end = Promise.withResolvers()
    signal.addEventListener('abort', () => {
      seen.stopped++
      end.reject(signal.reason)
    })
    await end.promise
  }
  const begun = async (times: number) => {
    await expect.poll(() => seen.begun).toBe(times)
  }
  return { seen, work, begun, tell: (n: number) => tell({ n }), end: () => end.resolve() }
}

const never = new AbortController().signal

test('who asks for the same attends what runs, hears the last event, and may leave', async () => {
  const { seen, work, begun, tell, end } = stage()
  const attended = new Attended<Step>('a copy', never)
  const [first, second] = [caller(), caller()]
  const one = attended.attend('a', first, work)
  await begun(1)
  tell(1)
  const two = attended.attend('a', second, work)
  first.gone.abort()
  await one
  tell(2)
  end()
  await two
  expect([first.heard, second.heard]).toEqual([[{ n: 1 }], [{ n: 1 }, { n: 2 }]])
  expect(seen).toEqual({ begun: 1, stopped: 0 })
})

test('it stops when the last has gone, and can be run again', async () => {
  const { seen, work, begun, end } = stage()
  const attended = new Attended<Step>('a copy', never)
  const first = caller()
  const one = attended.attend('a', first, work)
  await begun(1)
  first.gone.abort()
  await one
  expect(seen.stopped).toBe(1)
  const again = attended.attend('a', caller(), work)
  await begun(2)
  end()
  await again
})

test('another one meanwhile is busy; a failure reaches whoever attends', async () => {
  const { work, begun } = stage()
  const stopping = new AbortController()
  const attended = new Attended<Step>('a copy', stopping.signal)
  const running = attended.attend('a', caller(), work)
  await begun(1)
  await expect(attended.attend('b', caller(), work)).rejects.toMatchObject({ code: 'session.busy' })
  stopping.abort(new Error('going down'))
  await expect(running).rejects.toThrow('going down')
})

test('a meter tells twice a second at most, at each new part, and when it is flushed', () => {
  let now = 0
  const told: ProgressEvent[] = []
  const meter = new Meter(
    (event) => told.push(event),
    () => now,
  )
  meter.set({ what: 'logs', total: 3 })
  meter.step({ bytes: 5 })
  meter.step({ failed: true })
  now = 600
  meter.step()
  meter.set({ what: 'sessions' })
  meter.step()
  meter.flush()
  const type = 'progress'
  expect(told).toEqual([
    { type, what: 'logs', total: 3, done: 0 },
    { type, what: 'logs', total: 3, done: 3, bytes: 5, failed: 1 },
    { type, what: 'sessions', done: 0 },
    { type, what: 'sessions', done: 1 },
  ])
})
