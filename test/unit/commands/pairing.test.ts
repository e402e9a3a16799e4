import { encode } from 'uqr'
import { expect, test } from 'vitest'
import { PairingView } from '../../../commands/render/pairing.ts'
import { renderQr } from '../../../src/words/qr.ts'
import { terminal } from '../../support/terminal.ts'

// As long as the ones of WhatsApp.
const QR = `2@${'kF9/'.repeat(35)},${'a+Z3'.repeat(11)},${'Qw8='.repeat(11)},1`

/** The sequences that set and reset the colours. */
const INK = new RegExp(`${String.fromCodePoint(0x1b)}\\[[\\d;]*m`, 'g')

/** The dark modules that half blocks stand for. */
function modules(lines: string[], dark: boolean): boolean[][] {
  return lines.flatMap((line) => {
    const cells = line.replaceAll(INK, '').split('')
    const row = (set: string) => cells.map((cell) => set.includes(cell) === dark)
    return [row('█▀'), row('█▄')]
  })
}

test.each([true, false])('the picture is the QR code, color %s', (color) => {
  const { data, size } = encode(QR, { ecc: 'L', border: 2 })
  const picture = renderQr(QR, { color })
  expect(picture.columns).toBe(size)
  expect(modules(picture.lines, color).slice(0, size)).toEqual(data)
})

test('a new QR takes the place of the old one on a terminal', () => {
  const { context, stdout } = terminal({ isTTY: true, columns: 100, rows: 50 })
  const view = new PairingView('anna', { ...context, color: true })
  view.show({ type: 'qr', qr: QR })
  const first = stdout()
  view.show({ type: 'qr', qr: QR })
  expect(stdout().slice(first.length)).toBe(
    `\u001b[${first.split('\n').length - 1}F\u001b[J${first}`,
  )
  expect(first).toMatch(/Linked devices/)
})

test('elsewhere nothing moves the cursor, and colours are off when told so', () => {
  const piped = terminal()
  const view = new PairingView('anna', { ...piped.context, color: true })
  view.show({ type: 'qr', qr: QR })
  view.show({ type: 'qr', qr: QR })
  expect(piped.stdout()).not.toContain('\u001b')
  const plain = terminal({ isTTY: true, columns: 100, rows: 50 })
  new PairingView('anna', { ...plain.context, color: false }).show({ type: 'qr', qr: QR })
  expect(plain.stdout()).not.toContain('\u001b')
})

test('a terminal that is too small is told once, with the way out', () => {
  const { context, stdout, stderr } = terminal({ isTTY: true, columns: 80, rows: 24 })
  const view = new PairingView('anna', { ...context, color: true })
  view.show({ type: 'qr', qr: QR })
  view.show({ type: 'qr', qr: QR })
  expect(stdout()).toBe('')
  expect(stderr().match(/too small/g)).toHaveLength(1)
  expect(stderr()).toContain('wa-gateway session pair anna --code PHONE')
})

test('a code is shown as the phone shows it', () => {
  const { context, stdout } = terminal()
  const view = new PairingView('anna', { ...context, color: true })
  view.show({ type: 'code', code: 'ABCD1234' })
  view.show({ type: 'result', outcome: 'paired' })
  expect(stdout()).toContain('    ABCD-1234\n')
  expect(stdout()).toMatch(/anna is paired and online\n$/)
})
