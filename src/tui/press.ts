import { graphemes } from '../words/text.ts'
import type { Press } from './keyboard.ts'
import { moved, START, type Home, type Move } from './position.ts'
import { nextSort } from './sorting.ts'
import { VIEWS, type Action, type Ui, type View } from './ui.ts'

/** What a press is judged by, besides what the person chose before. */
export interface Facts {
  /** The rows of the list that is shown, and how many of them fit. */
  keys: readonly string[]
  height: number
  home: Home
  /** The session that the cursor's row is about. */
  subject: string | undefined
  /** The phone of a session, where it is known. */
  phoneOf: (id: string) => string | undefined
  /** The screen has room for a QR code. */
  qrFits: boolean
  readonly: boolean
}

/** What a press wants done outside. */
export type Effect =
  | { type: 'quit'; how: 'asked' | 'interrupted' }
  | { type: 'run'; action: Action; ids: readonly string[] }
  | { type: 'show'; id: string }
  | { type: 'load'; view: View; anew: boolean }
  | { type: 'pair'; id: string; phone?: string }
  | { type: 'unpair' }
  | { type: 'redraw' }
  | { type: 'say'; text: string }

export interface Pressed {
  ui: Ui
  effects: readonly Effect[]
}

/** The one place where keys mean something. Pure. */
export function press(ui: Ui, pressed: Press, facts: Facts): Pressed {
  if ('key' in pressed && pressed.key === 'ctrl-c')
    return { ui, effects: [{ type: 'quit', how: 'interrupted' }] }
  if ('key' in pressed && pressed.key === 'ctrl-l') return { ui, effects: [{ type: 'redraw' }] }
  if (ui.typing) return typed(ui, pressed, facts)
  switch (ui.overlay?.kind) {
    case 'help':
      return scrolled(ui, ui.overlay, pressed, facts) ?? still(ui)
    case 'details':
      return (
        scrolled(ui, ui.overlay, pressed, facts) ??
        acted(ui, pressed, [ui.overlay.id], facts) ??
        still(ui)
      )
    case 'confirm':
      return answered(ui, ui.overlay, pressed)
    case 'pairing':
      return pairing(ui, ui.overlay, pressed)
    case undefined:
      return listed(ui, pressed, facts)
  }
}

const still = (ui: Ui): Pressed => ({ ui, effects: [] })

function closed(ui: Ui): Ui {
  const { overlay: _, ...rest } = ui
  return rest
}

function over(ui: Ui, overlay: NonNullable<Ui['overlay']>, ...effects: Effect[]): Pressed {
  return { ui: { ...ui, overlay }, effects }
}

const MOVES: Record<string, Move> = {
  up: 'up',
  k: 'up',
  down: 'down',
  j: 'down',
  'page-up': 'page-up',
  'page-down': 'page-down',
  home: 'first',
  g: 'first',
  end: 'last',
  G: 'last',
}

const name = (pressed: Press) => ('key' in pressed ? pressed.key : pressed.char)

function listed(ui: Ui, pressed: Press, facts: Facts): Pressed {
  const key = name(pressed)
  const move = MOVES[key]
  if (move !== undefined) return still(walk(ui, move, facts))
  const number = VIEWS[Number(key) - 1]
  if (number !== undefined) return turned(ui, number)
  const marked = [...ui.marks]
  const targets = marked.length > 0 ? marked : facts.subject === undefined ? [] : [facts.subject]
  switch (key) {
    case 'tab':
    case 'right':
      return turned(ui, neighbour(ui.view, 1))
    case 'back-tab':
    case 'left':
      return turned(ui, neighbour(ui.view, -1))
    case '/':
      return still({ ...ui, typing: true })
    case 's':
      return still(at({ ...ui, sort: nextSort(ui.sort) }, START))
    case ' ':
      return still(mark(ui, facts))
    case 'a':
      return still(ui.view === 'sessions' ? markAll(ui, facts.keys) : ui)
    case 'enter':
      return facts.subject === undefined
        ? still(ui)
        : over(
            ui,
            { kind: 'details', id: facts.subject, top: 0 },
            { type: 'show', id: facts.subject },
          )
    case 'escape':
      return still(back(ui))
    case '?':
      return over(ui, { kind: 'help', top: 0 })
    case 'R':
      return { ui, effects: [{ type: 'load', view: ui.view, anew: true }] }
    case 'q':
      return { ui, effects: [{ type: 'quit', how: 'asked' }] }
    default:
      return acted(ui, pressed, targets, facts) ?? still(ui)
  }
}

function at(ui: Ui, position: Ui['positions'][View]): Ui {
  return { ...ui, positions: { ...ui.positions, [ui.view]: position } }
}

function walk(ui: Ui, move: Move, { keys, height, home }: Facts): Ui {
  return at(ui, moved(ui.positions[ui.view], move, keys, height, home))
}

function neighbour(view: View, step: number): View {
  return VIEWS[(VIEWS.indexOf(view) + step + VIEWS.length) % VIEWS.length] ?? view
}

function turned(ui: Ui, view: View): Pressed {
  return { ui: { ...ui, view }, effects: [{ type: 'load', view, anew: false }] }
}

/** Escape takes back one thing at a time. */
function back(ui: Ui): Ui {
  if (ui.filter !== '') return { ...ui, filter: '' }
  if (ui.marks.size > 0) return { ...ui, marks: new Set() }
  return { ...ui, view: 'sessions' }
}

function mark(ui: Ui, facts: Facts): Ui {
  if (ui.view !== 'sessions' || facts.subject === undefined) return ui
  const marks = new Set(ui.marks)
  if (!marks.delete(facts.subject)) marks.add(facts.subject)
  return walk({ ...ui, marks }, 'down', facts)
}

function markAll(ui: Ui, keys: readonly string[]): Ui {
  const all = keys.every((key) => ui.marks.has(key))
  return { ...ui, marks: new Set(all ? [] : [...ui.marks, ...keys]) }
}

const ACTIONS: Record<string, Action> = { r: 'recover', p: 'preserve', b: 'backup' }

/** The keys that change something; undefined for all others. */
function acted(
  ui: Ui,
  pressed: Press,
  ids: readonly string[],
  { readonly, qrFits, phoneOf }: Facts,
): Pressed | undefined {
  const action = ACTIONS[name(pressed)]
  if (action === undefined && name(pressed) !== 'Q') return undefined
  const say = (text: string): Pressed => ({ ui, effects: [{ type: 'say', text }] })
  if (readonly) return say('nothing can be changed here: it was started with --readonly')
  const [id] = ids
  if (id === undefined) return say('there is no session to do that with')
  if (action !== undefined) return over(ui, { kind: 'confirm', action, ids })
  if (ids.length > 1) return say('pairing takes one session: press esc to take the marks away')
  if (qrFits) return over(ui, { kind: 'pairing', id }, { type: 'pair', id })
  return over(ui, { kind: 'pairing', id, phone: phoneOf(id) ?? '' })
}

function typed(ui: Ui, pressed: Press, facts: Facts): Pressed {
  if ('char' in pressed) return still(at({ ...ui, filter: ui.filter + pressed.char }, START))
  switch (pressed.key) {
    case 'enter':
      return still({ ...ui, typing: false, filter: ui.filter.trim() })
    case 'escape':
      return still({ ...ui, typing: false, filter: '' })
    case 'backspace':
      return still(at({ ...ui, filter: graphemes(ui.filter).slice(0, -1).join('') }, START))
    case 'ctrl-u':
      return still(at({ ...ui, filter: '' }, START))
    default: {
      const move = MOVES[pressed.key]
      return still(move === undefined ? ui : walk(ui, move, facts))
    }
  }
}

const STEPS: Record<Move, (top: number, page: number) => number> = {
  up: (top) => top - 1,
  down: (top) => top + 1,
  'page-up': (top, page) => top - page,
  'page-down': (top, page) => top + page,
  first: () => 0,
  last: () => Number.MAX_SAFE_INTEGER,
}

/** Moving in a text, and leaving it. Whoever shows it keeps `top` within the text. */
function scrolled(
  ui: Ui,
  overlay: Extract<Ui['overlay'], { top: number }>,
  pressed: Press,
  { height }: Facts,
): Pressed | undefined {
  const key = name(pressed)
  if (['escape', 'q', 'left', 'backspace'].includes(key)) return still(closed(ui))
  if (overlay.kind === 'help' && (key === '?' || key === 'enter')) return still(closed(ui))
  if (key === '?') return over(ui, { kind: 'help', top: 0 })
  const move = MOVES[key]
  if (move === undefined) return undefined
  const top = Math.max(0, STEPS[move](overlay.top, Math.max(1, height - 1)))
  return over(ui, { ...overlay, top })
}

function answered(
  ui: Ui,
  { action, ids }: Extract<Ui['overlay'], { kind: 'confirm' }>,
  pressed: Press,
): Pressed {
  const key = name(pressed)
  if (key === 'y' || key === 'Y' || key === 'enter')
    return { ui: { ...closed(ui), marks: new Set() }, effects: [{ type: 'run', action, ids }] }
  return ['n', 'N', 'escape', 'q'].includes(key) ? still(closed(ui)) : still(ui)
}

function pairing(
  ui: Ui,
  overlay: Extract<Ui['overlay'], { kind: 'pairing' }>,
  pressed: Press,
): Pressed {
  const key = name(pressed)
  if (key === 'escape') return { ui: closed(ui), effects: [{ type: 'unpair' }] }
  if (overlay.phone === undefined)
    return key === 'q' ? { ui: closed(ui), effects: [{ type: 'unpair' }] } : still(ui)
  const { id, phone } = overlay
  if (/^\d$/.test(key)) return over(ui, { ...overlay, phone: phone + key })
  if (key === 'backspace') return over(ui, { ...overlay, phone: phone.slice(0, -1) })
  if (key !== 'enter') return still(ui)
  if (!/^\d{5,15}$/.test(phone))
    return { ui, effects: [{ type: 'say', text: 'type 5 to 15 digits with the country code' }] }
  return over(ui, { kind: 'pairing', id }, { type: 'pair', id, phone })
}
