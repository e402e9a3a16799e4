import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { SessionStatusNotice } from '../../../src/backend/port.ts'
import { StandaloneRegistry } from '../../../src/backend/standalone.ts'
import { StatusNotices } from '../../../src/daemon/notices.ts'
import type { SessionState, SessionView } from '../../../src/session/state.ts'

class Recorder extends StandaloneRegistry {
  readonly notices: SessionStatusNotice[] = []
  failing = false

  constructor() {
    super(async () => [])
  }

  readonly forgotten: string[] = []

  override forget(sessionId?: string): void {
    if (sessionId !== undefined) this.forgotten.push(sessionId)
  }

  override async notifySessionStatus(notice?: SessionStatusNotice): Promise<void> {
    if (this.failing) throw new Error('away')
    if (notice !== undefined) this.notices.push(notice)
  }
}

function view(state: SessionState, extra: Partial<SessionView> = {}): SessionView {
  return { id: 'anna', state, since: 1, messagesIn: 0, messagesOut: 0, ...extra }
}

function setUp() {
  const backend = new Recorder()
  const notices = new StatusNotices(backend, pino({ level: 'silent' }))
  const become = (state: SessionState, extra?: Partial<SessionView>) =>
    notices.listen({ type: 'session', view: view(state, extra) })
  return { backend, notices, become }
}

test('each change of status is told once, in the words of the contract', async () => {
  const { backend, notices, become } = setUp()
  become('queued')
  become('restoring')
  become('connecting')
  become('online', { phone: '15550001', name: 'Anna' })
  become('online', { phone: '15550001', name: 'Anna' })
  await notices.settle()
  expect(backend.notices.map((notice) => notice.status)).toEqual([
    'INIT',
    'RECONNECTING',
    'CONNECTED',
  ])
  expect(backend.notices.at(-1)).toMatchObject({ phone: '15550001', displayName: 'Anna' })
})

test('QR_REQUIRED goes out with its QR, once for each QR', async () => {
  const { backend, notices, become } = setUp()
  become('pairing')
  for (const qr of ['one', 'one', 'two']) notices.listen({ type: 'pairing', sessionId: 'anna', qr })
  notices.listen({ type: 'pairing', sessionId: 'anna', code: 'ABCD1234' })
  await notices.settle()
  expect(backend.notices.map(({ status, qrCode }) => [status, qrCode])).toEqual([
    ['QR_REQUIRED', 'one'],
    ['QR_REQUIRED', 'two'],
  ])
})

test('a backend that is away stops nothing', async () => {
  const { backend, notices, become } = setUp()
  backend.failing = true
  become('online')
  await notices.settle()
  backend.failing = false
  become('reconnecting')
  await notices.settle()
  expect(backend.notices.map((notice) => notice.status)).toEqual(['RECONNECTING'])
})

test('what another worker runs is not told of, nor what was not told yet', async () => {
  const { backend, notices, become } = setUp()
  become('online')
  become('conflict', { cause: 'owned-elsewhere' })
  become('closing', { cause: 'owned-elsewhere' })
  await notices.settle()
  expect(backend.notices.map((notice) => notice.status)).toEqual(['CONNECTED'])
  expect(backend.forgotten).toEqual(['anna', 'anna'])
  become('online')
  await notices.settle()
  expect(backend.notices.map((notice) => notice.status)).toEqual(['CONNECTED', 'CONNECTED'])
})

test('the first QR of a pairing is good for longer than those that follow', async () => {
  const { backend, notices } = setUp()
  for (const qr of ['one', 'two', 'three'])
    notices.listen({ type: 'pairing', sessionId: 'anna', qr })
  await notices.settle()
  const lives = backend.notices.map(({ at, expiresAt = 0 }) =>
    Math.round((expiresAt - at) / 20_000),
  )
  expect(lives).toEqual([3, 1, 1])
})
