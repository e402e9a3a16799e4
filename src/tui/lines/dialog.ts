import { harmless } from '../../words/text.ts'
import { renderQr } from '../../words/qr.ts'
import type { Dashboard } from '../dashboard.ts'
import { prose, type Line } from '../line.ts'
import type { Action, Overlay } from '../ui.ts'

const QUESTIONS: Record<Action, (whom: string) => string> = {
  recover: (whom) => `Bring ${whom} back online?`,
  preserve: (whom) => `Store the state of ${whom} now?`,
  backup: (whom) => `Make a backup of ${whom} now?`,
}

const EXPLAINED: Record<Action, string> = {
  recover: 'Each is restored if need be and logs in. One that is online stays as it is.',
  preserve: 'They go on running.',
  backup: 'They go on running.',
}

export function confirmLines(
  { world, layout }: Dashboard,
  { action, ids }: Extract<Overlay, { kind: 'confirm' }>,
): Line[] {
  const [only = ''] = ids
  const whom = ids.length === 1 ? harmless(only) : `${ids.length} sessions`
  const room = Math.max(1, layout.body - 8)
  const named = ids.slice(0, ids.length > room ? room - 1 : room)
  return [
    [{ text: QUESTIONS[action](whom), bold: true, inverse: true }],
    [''],
    ...named.map((id): Line => [
      `  ${harmless(id)}  `,
      { text: world.fleet.get(id)?.state ?? '', dim: true },
    ]),
    ...(named.length < ids.length ? [[`  and ${ids.length - named.length} more`]] : []),
    [''],
    ...prose(EXPLAINED[action], layout.columns).map((line) => [line]),
    [''],
    [{ text: 'y', bold: true }, ' yes   ', { text: 'n', bold: true }, ' no'],
  ]
}

const NO_ROOM =
  "This screen has no room for a QR code. Make it larger (61x40) and press Q again, or type the phone's number with the country code, for a code to type on the phone:"
const SCAN = 'WhatsApp on the phone > Settings > Linked devices > Link a device, then scan this.'
const TYPE =
  'WhatsApp on the phone > Settings > Linked devices > Link a device > Link with phone number.'

/** A QR code, a code to type on the phone, or the question for the phone's number. */
export function pairingLines(
  { world, layout, options }: Dashboard,
  { id, phone }: Extract<Overlay, { kind: 'pairing' }>,
): Line[] {
  const title: Line = [{ text: `Pair ${harmless(id)}`, bold: true, inverse: true }]
  if (phone !== undefined)
    return [
      title,
      [''],
      ...prose(NO_ROOM, layout.columns).map((line) => [line]),
      [''],
      ['  +', { text: phone, bold: true }, { text: ' ', inverse: true }],
    ]
  const pairing = world.pairing?.id === id ? world.pairing : undefined
  if (pairing?.end !== undefined)
    return [
      title,
      [''],
      [
        {
          text: `${pairing.end.ok ? '✓' : '✗'} ${harmless(pairing.end.text)}`,
          color: pairing.end.ok ? 'green' : 'red',
        },
      ],
    ]
  if (pairing?.code !== undefined)
    return [
      title,
      [''],
      ...prose(TYPE, layout.columns).map((line) => [line]),
      ['Then type this code:'],
      [''],
      ['    ', { text: spaced(pairing.code), bold: true }],
    ]
  if (pairing?.qr === undefined) return [title, [''], ['waiting for a code from WhatsApp…']]
  const picture = renderQr(pairing.qr, { color: options.color })
  if (picture.columns > layout.columns || picture.lines.length + 2 > layout.body)
    return [
      title,
      [''],
      ...prose(
        `The QR code needs ${picture.columns} columns and ${picture.lines.length + 8} lines: make the screen larger.`,
        layout.columns,
      ).map((line) => [line]),
    ]
  return [title, [SCAN], ...picture.lines.map((line): Line => [line])]
}

/** WhatsApp shows the eight characters as two groups of four. */
const spaced = (code: string) =>
  /^\w{8}$/.test(code) ? `${code.slice(0, 4)}-${code.slice(4)}` : code
