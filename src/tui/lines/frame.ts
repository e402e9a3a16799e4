import { duration } from '../../words/time.ts'
import { harmless } from '../../words/text.ts'
import type { Dashboard } from '../dashboard.ts'
import { fitting, spread, widthOf, type Line } from '../line.ts'
import { VIEWS, type View } from '../ui.ts'

/**
 * Shown while the daemon is not heard: why, how old everything is, and when it is tried again. Else the
 * worst that it says of what all sessions rest on, and what to do.
 */
export function bannerLines({ world, lost, trouble, now }: Dashboard): Line[] {
  if (!lost) {
    if (trouble === undefined) return []
    const text = `! ${harmless(`${trouble.what}; ${trouble.next}`)}`
    return [[{ text, color: 'red', bold: true }]]
  }
  const { link, heardAt } = world
  const age = `what you see is ${duration(now - heardAt)} old`
  const text =
    link.kind === 'lost'
      ? `! DAEMON LOST: ${age}, trying again${inWords(link.retryAt - now)}: ${harmless(link.error.message)}`
      : `! NO WORD FROM THE DAEMON: ${age}`
  return [[{ text, color: 'red', bold: true, inverse: true }]]
}

const inWords = (ms: number) => (ms < 1_000 ? '' : ` in ${duration(ms)}`)

/** The views, and where in its list the person is. */
export function viewsLine({ ui, listing, layout }: Dashboard): Line {
  const { keys, of } = listing
  const tabs = VIEWS.flatMap((view, n): Line => {
    const text = `${n + 1} ${titleOf(view)}`
    return view === ui.view ? [{ text: `[${text}]`, bold: true, inverse: true }] : [` ${text} `]
  })
  const { index } = ui.positions[ui.view]
  const total = keys.length === of ? String(of) : `${keys.length} of ${of}`
  const place = [
    `${keys.length === 0 ? 0 : index + 1}/${total}`,
    ui.marks.size === 0 ? '' : `${ui.marks.size} marked`,
    ui.filter === '' ? '' : `/${ui.filter}`,
    listing.kind === 'sessions' ? ui.sort : '',
  ]
  const { columns } = layout
  const text = fitting(place, columns - widthOf(tabs) - 1)
  return spread(tabs, [{ text, dim: true }], columns)
}

const titleOf = (view: View) => `${view.charAt(0).toUpperCase()}${view.slice(1)}`

const LIST = ['enter open', '/ filter', 's sort', 'space mark']
const ACT = ['r recover', 'p preserve', 'b backup', 'Q pair']
const LEAVE = '? help  q quit'

/** The last line: what is being typed, what has just happened, or the keys. */
export function footerLine({ ui, world, options, layout }: Dashboard): Line {
  if (ui.typing)
    return [
      { text: '/', bold: true },
      ui.filter,
      { text: ' ', inverse: true },
      hint('  enter keeps it, esc drops it'),
    ]
  const { toast } = world
  if (toast !== undefined) {
    const glyph = toast.tone === 'good' ? '✓ ' : toast.tone === 'bad' ? '✗ ' : ''
    const color = toast.tone === 'good' ? 'green' : toast.tone === 'bad' ? 'red' : undefined
    return [{ text: `${glyph}${harmless(toast.text)}`, ...(color && { color }) }]
  }
  const { columns } = layout
  const act = options.readonly ? [] : ACT
  switch (ui.overlay?.kind) {
    case 'help':
      return [hint('esc back  j/k scroll')]
    case 'details':
      return [hint(fitting(['esc back', 'j/k scroll', ...act, '? help'], columns))]
    case 'confirm':
      return [hint('y yes  n no')]
    case 'pairing':
      return [hint(ui.overlay.phone === undefined ? 'esc back' : 'digits, enter  esc back')]
    case undefined: {
      const keys = fitting([...LIST, ...act], columns - LEAVE.length - 2)
      return spread([hint(keys)], [hint(LEAVE)], columns)
    }
  }
}

const hint = (text: string) => ({ text, dim: true })
