import type { Key } from 'ink'
import { expect, test } from 'vitest'
import { presses } from '../../../src/tui/keyboard.ts'

const key = (more: Partial<Key> = {}) => more as Key

test.each<[string, string, Partial<Key>, unknown[]]>([
  ['a letter', 'j', {}, [{ char: 'j' }]],
  ['an upper one', 'Q', { shift: true }, [{ char: 'Q' }]],
  ['a space', ' ', {}, [{ char: ' ' }]],
  ['an arrow', '', { downArrow: true }, [{ key: 'down' }]],
  ['enter', '\r', { return: true }, [{ key: 'enter' }]],
  ['escape', '', { escape: true }, [{ key: 'escape' }]],
  ['tab', '', { tab: true }, [{ key: 'tab' }]],
  ['tab backwards', '', { tab: true, shift: true }, [{ key: 'back-tab' }]],
  ['delete, which many terminals send as backspace', '', { delete: true }, [{ key: 'backspace' }]],
  ['Ctrl-C', 'c', { ctrl: true }, [{ key: 'ctrl-c' }]],
  ['Ctrl with a letter of no meaning', 'x', { ctrl: true }, []],
  ['Alt with a letter', 'r', { meta: true }, []],
  ['what a slow link brings at once', 'jj\t', {}, [{ char: 'j' }, { char: 'j' }, { key: 'tab' }]],
  [
    'with control characters in it',
    'a\u0015b\u007F\u0003',
    {},
    [{ char: 'a' }, { key: 'ctrl-u' }, { char: 'b' }, { key: 'backspace' }, { key: 'ctrl-c' }],
  ],
  ['what is no text', '\u0000\u200B\u001B', {}, []],
  ['characters of several code points', '👩‍👧ü', {}, [{ char: '👩‍👧' }, { char: 'ü' }]],
])('%s', (_, input, pressed, expected) => {
  expect(presses(input, key(pressed))).toEqual(expected)
})
