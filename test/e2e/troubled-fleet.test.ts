import { expect, test } from 'vitest'
import type { Result } from '../../src/control/api.ts'
import type { CauseId } from '../../src/session/cause.ts'
import type { SessionState } from '../../src/session/state.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { openBackend } from '../support/open-backend.ts'

const SESSIONS = 300
/** Sessions of each trouble. */
const EACH = 3

type View = Result<'session.list'>['sessions'][number]

interface Trouble {
  name: string
  strike(stage: Stage, id: string): Promise<unknown>
  states: SessionState[]
  causes: CauseId[]
  report: 'SUCCESS' | 'FAILED'
}

const login = (kind: 'slow' | 'silence' | 'conflict' | 'device-removed' | 'drop') =>
  async function strike(stage: Stage, id: string) {
    const user = stage.phoneOf(id)
    if (kind === 'slow') return stage.simulator.inject({ kind, ms: 200, user, times: 'always' })
    return stage.simulator.inject({ kind, user, times: kind === 'drop' ? 1 : 'always' })
  }

const refused = (reason: number) => async (stage: Stage, id: string) =>
  stage.simulator.inject({ kind: 'failure', reason, user: stage.phoneOf(id), times: 'always' })

const STOPPED: Trouble[] = [
  {
    name: 'logged out',
    strike: refused(401),
    states: ['needs-pairing'],
    causes: ['logged-out'],
    report: 'FAILED',
  },
  {
    name: 'unlinked as it logs in',
    strike: login('device-removed'),
    states: ['needs-pairing'],
    causes: ['logged-out'],
    report: 'FAILED',
  },
  {
    name: 'banned',
    strike: refused(403),
    states: ['banned'],
    causes: ['banned'],
    report: 'FAILED',
  },
  {
    name: 'opened elsewhere',
    strike: login('conflict'),
    states: ['conflict'],
    causes: ['replaced'],
    report: 'FAILED',
  },
  {
    name: 'damaged in the store',
    strike: async (stage, id) =>
      stage.objects.damage(await stage.objects.newest(id), (bytes) => {
        const middle = Math.floor(bytes.length / 2)
        bytes[middle] = (bytes[middle] ?? 0) ^ 1
        return bytes
      }),
    states: ['failed'],
    causes: ['damaged'],
    report: 'FAILED',
  },
  {
    name: 'nowhere',
    strike: async (stage, id) => stage.objects.removeSession(id),
    states: ['needs-pairing'],
    causes: ['no-state'],
    report: 'FAILED',
  },
]

/** Its server says nothing: tried again and again, ever more slowly. */
const SILENT: Trouble = {
  name: 'silent',
  strike: login('silence'),
  states: ['failed', 'reconnecting', 'connecting', 'queued', 'restoring'],
  causes: ['timeout', 'connection-lost', 'unreachable'],
  report: 'FAILED',
}

const PASSING: Trouble[] = [
  { name: 'slow', strike: login('slow'), states: ['online'], causes: [], report: 'SUCCESS' },
  {
    name: 'dropped once',
    strike: login('drop'),
    states: ['online'],
    causes: [],
    report: 'SUCCESS',
  },
]

const WELL: Pick<Trouble, 'name' | 'states' | 'causes'> = {
  name: 'well',
  states: ['online'],
  causes: [],
}

const TROUBLES = [...STOPPED, SILENT, ...PASSING]

test('three hundred sessions, some of them in every kind of trouble', async () => {
  const { backend, env } = await openBackend()
  const stage = await openStage({
    sessions: SESSIONS,
    env: {
      ...env,
      SESSION_RECOVERY_TIMEOUT: '8000',
      SESSION_RECOVERY_MAX_RETRIES: '1',
    },
  })
  await stage.adoptAll()
  await stage.wipe()
  backend.assigned = stage.ids.map((sessionId) => ({ sessionId }))
  const troubled = new Map<string, Trouble>()
  for (const [k, trouble] of TROUBLES.entries())
    for (let n = 0; n < EACH; n++) {
      // Spread over the fleet: neighbours in the queue have different troubles.
      const id = stage.ids[n * 100 + k * 7] ?? ''
      troubled.set(id, trouble)
      await trouble.strike(stage, id)
    }
  const stopped = stage.ids.filter((id) => STOPPED.includes(troubled.get(id) ?? SILENT))
  const silent = stage.ids.filter((id) => troubled.get(id) === SILENT)
  const well = stage.ids.filter((id) => !stopped.includes(id) && !silent.includes(id))

  const gateway = await stage.startOnline({}, well)
  const { sessions } = await gateway.client.call('session.list', {})
  expect(sessions).toHaveLength(SESSIONS)
  for (const view of sessions) expectIn(troubled.get(view.id), view)

  const reported = new Map<string, string>()
  await gateway.eventually('every session to be reported', async () => {
    for (const body of backend.taken('recovery-status')) note(reported, body)
    return reported.size === SESSIONS ? true : undefined
  })
  for (const id of stage.ids)
    expect([id, reported.get(id)]).toEqual([id, troubled.get(id)?.report ?? 'SUCCESS'])
  expect(backend.violations).toEqual([])

  // Everybody else works, and what is well is left alone.
  const { logins, rejectedLogins } = stage.simulator.report().connections
  const untroubled = well.filter((id) => troubled.get(id) === undefined)
  const before = untroubled.map((id) => [id, stage.loginsOf(id)])
  const again = await stage.run('recover', '--all', '--json')
  expect(again.status).toBe(3)
  const events = again.stdout.split('\n').filter((line) => line !== '')
  const end = JSON.parse(events.at(-1) ?? '{}') as {
    results: { sessionId: string; outcome: string }[]
  }
  const failed = end.results.filter(({ outcome }) => outcome !== 'recovered')
  expect(failed.map(({ sessionId }) => sessionId).toSorted()).toEqual(
    [...stopped, ...silent].toSorted(),
  )
  for (const { sessionId } of failed) expect(again.stderr).toContain(sessionId)
  const after = stage.simulator.report().connections
  expect(after.rejectedLogins - rejectedLogins).toBeLessThanOrEqual(2 * EACH)
  expect(after.logins - logins).toBeLessThanOrEqual((stopped.length + silent.length) * 4)
  expect(untroubled.map((id) => [id, stage.loginsOf(id)])).toEqual(before)

  await stage.exchange('after all that', well.slice(0, 20))
  stage.expectNoHarm({ pairings: 1 })
  expect(await gateway.stop()).toBe(0)
}, 300_000)

function expectIn(trouble: Trouble | undefined, { id, state, cause }: View): void {
  const { name, states, causes } = trouble ?? WELL
  expect([id, name, state]).toEqual([id, name, states.find((known) => known === state)])
  expect([id, name, cause]).toEqual([id, name, causes.find((known) => known === cause)])
}

function note(reported: Map<string, string>, body: unknown): void {
  const { recoveryResults } = body as {
    recoveryResults: { sessionId: string; status: string }[]
  }
  for (const { sessionId, status } of recoveryResults) reported.set(sessionId, status)
}
