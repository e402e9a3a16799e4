import pino from 'pino'
import { expect, test } from 'vitest'
import { pausedOnce, takeBack } from '../../../src/daemon/take-back.ts'
import type { FleetSession } from '../../../src/fleet/port.ts'
import type { SessionPatch, SessionRecord } from '../../../src/registry/port.ts'
import { GatewayError } from '../../../src/session/errors.ts'
import { published } from '../fleet/session.ts'

const remembered: FleetSession[] = [
  { ...published('a', { desired: 'paused', name: 'Anna' }), worker: 'w', updatedAt: 1 },
  { ...published('b', { phone: '15550000001' }), worker: 'w', updatedAt: 1 },
]

function world(here: SessionRecord[], answer: () => Promise<FleetSession[]>) {
  const saved = new Map<string, SessionPatch>()
  const lines: string[] = []
  let closed = false
  let asked = false
  return {
    saved,
    lines,
    closed: () => closed,
    asked: () => asked,
    ports: {
      directory: {
        label: 'db:5432/fleet',
        connect: async () => {
          asked = true
          return {
            sessions: answer,
            workers: async () => [],
            publish: () => Promise.reject(new Error('it is only read')),
            leave: () => Promise.reject(new Error('it is only read')),
            onLost: () => undefined,
            close: async () => {
              closed = true
            },
          }
        },
      },
      registry: {
        list: async () => here,
        save: async (id: string, patch: SessionPatch) => {
          saved.set(id, patch)
          return { ...published(id), ...patch }
        },
      },
      worker: 'w',
      logger: pino({}, { write: (line: string) => void lines.push(line) }),
    },
  }
}

test('an empty registry gets what the directory remembers', async () => {
  const { ports, saved, lines, closed } = world([], async () => remembered)
  expect(await takeBack(ports)).toBe(true)
  expect(saved.get('a')).toMatchObject({ desired: 'paused', name: 'Anna', pairedAt: 2 })
  expect(saved.get('b')).toMatchObject({ desired: 'running', phone: '15550000001' })
  expect(saved.get('a')).not.toHaveProperty('lastState')
  expect(closed()).toBe(true)
  expect(lines.join()).toMatch(/"sessions":2,"paused":1/)
})

test('rows that cannot be ours are left where they are', async () => {
  const odd = [
    { ...remembered[0], id: '../etc' },
    { ...remembered[0], id: 'c', desired: 'resting' },
    { ...remembered[0], id: 'd', desired: 'removed' },
    { ...remembered[0], id: 'e', assignedBy: 'nobody' },
  ] as FleetSession[]
  const { ports, saved } = world([], async () => [...odd, ...remembered])
  expect(await takeBack(ports)).toBe(true)
  expect([...saved.keys()]).toEqual(['a', 'b'])
})

test('what is here wins, and nobody is asked', async () => {
  const { ports, saved, asked } = world([published('c')], async () => remembered)
  expect(await takeBack(ports)).toBe(true)
  expect(saved.size).toBe(0)
  expect(asked()).toBe(false)
})

test('a directory that fails or hangs keeps nobody from starting, and that is told', async () => {
  const away = new GatewayError({ code: 'fleet.unreachable', message: 'it is away' })
  const { ports, saved, lines, closed } = world([], () => Promise.reject(away))
  expect(await takeBack(ports)).toBe(false)
  expect(saved.size).toBe(0)
  expect(closed()).toBe(true)
  expect(lines.join()).toMatch(/sessions that were paused are started/)
})

test('what was paused and runs now is found', async () => {
  const connection = { sessions: async () => remembered }
  expect(await pausedOnce(connection, 'w', () => 'running')).toEqual(['a'])
  expect(await pausedOnce(connection, 'w', () => 'paused')).toEqual([])
  expect(await pausedOnce(connection, 'w', () => undefined)).toEqual([])
})
