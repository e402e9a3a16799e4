import type { Key } from 'ink'
import { graphemes } from '../words/text.ts'

/** What was pressed: a printable character, or the name of a key. */
export type Press =
  | { char: string }
  | {
      key:
        | 'up'
        | 'down'
        | 'left'
        | 'right'
        | 'page-up'
        | 'page-down'
        | 'home'
        | 'end'
        | 'enter'
        | 'escape'
        | 'tab'
        | 'back-tab'
        | 'backspace'
        | 'ctrl-c'
        | 'ctrl-l'
        | 'ctrl-u'
    }

const NAMED: [keyof Key, Extract<Press, { key: string }>['key']][] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'page-up'],
  ['pageDown', 'page-down'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'escape'],
  ['backspace', 'backspace'],
  ['delete', 'backspace'],
]

const CONTROLS: Record<string, Press> = {
  c: { key: 'ctrl-c' },
  l: { key: 'ctrl-l' },
  u: { key: 'ctrl-u' },
  f: { key: 'page-down' },
  b: { key: 'page-up' },
  n: { key: 'down' },
  p: { key: 'up' },
}

/** The presses that a terminal sent at once: a slow link or a paste brings several characters. */
export function presses(input: string, key: Key): Press[] {
  if (key.tab) return [{ key: key.shift ? 'back-tab' : 'tab' }]
  const named = NAMED.find(([name]) => key[name] === true)
  if (named !== undefined) return [{ key: named[1] }]
  if (key.ctrl) return [CONTROLS[input]].filter((press) => press !== undefined)
  if (key.meta) return []
  return graphemes(input).flatMap(character)
}

function character(char: string): Press[] {
  const control = CHARACTERS[char] ?? CONTROLS[letterOf(char)]
  if (control !== undefined) return [control]
  return /^[\p{Cc}\p{Cf}]+$/u.test(char) ? [] : [{ char }]
}

const CHARACTERS: Record<string, Press> = {
  '\r': { key: 'enter' },
  '\n': { key: 'enter' },
  '\r\n': { key: 'enter' },
  '\t': { key: 'tab' },
  '\b': { key: 'backspace' },
  '\u007F': { key: 'backspace' },
}

/** The letter that makes a control character together with Ctrl; empty for others. */
function letterOf(char: string): string {
  const code = char.codePointAt(0) ?? 0
  return code > 0 && code < 27 ? String.fromCodePoint(code + 96) : ''
}
