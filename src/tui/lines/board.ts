import { cause } from '../../session/cause.ts'
import { duration, elapsed } from '../../words/time.ts'
import type { Dashboard } from '../dashboard.ts'
import { joined, type Color, type Line } from '../line.ts'
import { pace } from '../recovery-board.ts'
import type { Run } from '../world.ts'

const LABEL = 12

/** How the recovery goes, phase by phase, and what the last ones came to. */
export function boardLines(dashboard: Dashboard): Line[] {
  const { world, layout, now } = dashboard
  const { board, fleet, runs } = world
  const width = Math.max(10, Math.min(40, layout.columns - 46))
  const last = runs.value?.find(({ state }) => state !== 'running')
  const phase = (name: string, count: number, of: number, color: Color, more: string): Line => [
    { text: name.padEnd(LABEL), dim: true },
    { text: bar(count, of, width), color },
    ` ${String(count).padStart(5)}  `,
    { text: more, dim: true },
  ]
  const of = Math.max(board.running ? board.total : fleet.size, 1)
  return [
    total(dashboard, width),
    phase('queued', fleet.count('queued'), of, 'blue', 'wait for their turn'),
    phase(
      'restoring',
      fleet.count('restoring'),
      of,
      'cyan',
      average(board.restores, 'from the store'),
    ),
    phase(
      'connecting',
      fleet.count('connecting'),
      of,
      'cyan',
      average(board.connects, 'to WhatsApp'),
    ),
    board.began === undefined
      ? [{ text: 'so far'.padEnd(LABEL), dim: true }, 'no recovery since this screen was opened']
      : counts(dashboard),
    ...board.paused.slice(0, 1).map((one): Line => [
      {
        text: `‖ all ${one.outage === 'store' ? 'restores' : 'logins'} wait for ${duration(now - one.since)}, ${one.probes} tried since: ${cause(one.cause).words}`,
        color: 'yellow',
      },
    ]),
    lastRun(last, now),
  ].slice(0, layout.board)
}

function total({ world, now }: Dashboard, width: number): Line {
  const { board } = world
  const { rate, leftMs } = pace(board, now)
  const label = { text: 'recovery'.padEnd(LABEL), bold: true }
  if (board.began === undefined) return [label, bar(0, 1, width), ' none is running']
  const done = `${board.done}/${board.total}`
  if (!board.running) return [label, { text: bar(1, 1, width), color: 'green' }, ` ${done}  done`]
  return joined([
    [label, { text: bar(board.done, board.total, width), color: 'green' }, ` ${done}`],
    [`${rate.toFixed(1)}/s`],
    leftMs === undefined ? undefined : [`${duration(leftMs)} left`],
    [`${duration(now - board.began)} so far`],
  ])
}

function counts({ world }: Dashboard): Line {
  const { recovered, failed, skipped, warm, cold, retries } = world.board
  return [
    { text: 'so far'.padEnd(LABEL), dim: true },
    ...joined([
      [{ text: `● ${recovered} recovered`, color: 'green' }],
      failed === 0 ? ['0 failed'] : [{ text: `✗ ${failed} failed`, color: 'red' }],
      [`${skipped} skipped`],
      [`${warm} warm`],
      [`${cold} cold`],
      retries === 0 ? undefined : [`${retries} tried again`],
    ]),
  ]
}

function lastRun(run: Run | undefined, now: number): Line {
  const label = { text: 'last run'.padEnd(LABEL), dim: true }
  if (run === undefined) return [label, 'none is recorded']
  const { id, trigger, state, startedAt, endedAt, recovered, failed, skipped } = run
  const took = endedAt === undefined ? state : `in ${elapsed(endedAt - startedAt)}`
  return [
    label,
    `${id}, ${trigger}, ${duration(now - startedAt)} ago, ${took}: ${recovered} recovered, ${failed} failed, ${skipped} skipped`,
  ]
}

function average({ count, ms }: { count: number; ms: number }, what: string): string {
  return count === 0 ? what : `${what}, ${elapsed(ms / count)} each`
}

function bar(done: number, total: number, columns: number): string {
  const full = total === 0 ? 0 : Math.round((Math.min(done, total) / total) * columns)
  return '█'.repeat(full) + '░'.repeat(columns - full)
}
