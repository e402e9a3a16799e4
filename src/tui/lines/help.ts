import type { Line } from '../line.ts'
import { look, WORST_FIRST } from '../looks.ts'

const KEYS: [string, string][] = [
  ['j k ↓ ↑', 'down, up'],
  ['g G', 'the first, the last'],
  ['PgUp PgDn', 'a page'],
  ['1-5 tab', 'sessions, recovery, backups, events, logs'],
  ['/', 'filter: words, each of which must be there'],
  ['s', 'sort: worst first, by name, last change, last activity, behind'],
  ['space a', 'mark one; mark all that are shown, or none'],
  ['enter', 'all about a session'],
  ['esc', 'back: filter, marks, view'],
  ['R', 'load the list anew'],
  ['ctrl-l', 'draw the screen anew'],
  ['q ctrl-c', 'leave; what the daemon has begun goes on'],
]

const ACTIONS: [string, string][] = [
  ['r', 'recover: bring it back online'],
  ['p', 'preserve: store its state now; it goes on running'],
  ['b', 'back up: make a backup now'],
  ['Q', 'pair: show a QR code, or a code to type where the screen is too small'],
]

export function helpLines(readonly: boolean): Line[] {
  return [
    [{ text: 'Keys', bold: true, inverse: true }],
    [''],
    ...KEYS.map(line),
    [''],
    [{ text: 'The marked sessions, or the one under the cursor', bold: true }],
    ...(readonly ? [['  nothing can be changed: started with --readonly']] : ACTIONS.map(line)),
    ['  Going back in time is not here: see `wa-gateway backup restore --help`.'],
    [''],
    [{ text: 'States, the worst first', bold: true }],
    ...WORST_FIRST.map((state): Line => {
      const { glyph, color } = look(state)
      return ['  ', { text: `${glyph} ${state}`, ...(color && { color }) }]
    }),
  ]
}

const line = ([keys, words]: [string, string]): Line => [
  { text: `  ${keys.padEnd(12)}`, bold: true },
  words,
]
