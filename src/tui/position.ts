/**
 * Where a person is in a list that changes. The cursor stays on its key when the list is ordered anew,
 * and the rows around it move, not the cursor. Before the first move there is no key: the cursor stays
 * on the first row, or on the last one of a list that grows at its end.
 */
export interface Position {
  key?: string
  /** Row of the cursor in the list, and the first row on the screen. */
  index: number
  top: number
}

export const START: Position = { index: 0, top: 0 }

export type Home = 'first' | 'last'
export type Move = 'up' | 'down' | 'page-up' | 'page-down' | 'first' | 'last'

/** The position in the list as it is now. `height`: rows on the screen. */
export function settled(
  position: Position,
  keys: readonly string[],
  height: number,
  home: Home = 'first',
): Position {
  const last = Math.max(0, keys.length - 1)
  if (position.key === undefined) {
    const index = home === 'first' ? 0 : last
    return { index, top: topFor(index, position.top, height, keys.length) }
  }
  const found = keys[position.index] === position.key ? position.index : keys.indexOf(position.key)
  // What it was on has gone: whatever has its place now.
  const index = found === -1 ? Math.min(position.index, last) : found
  // The first rows stay in view where they are, for the worst that come new among them.
  const shift = position.top === 0 ? 0 : index - position.index
  const top = topFor(index, position.top + shift, height, keys.length)
  const key = keys[index]
  return key === undefined ? START : { key, index, top }
}

export function moved(
  position: Position,
  move: Move,
  keys: readonly string[],
  height: number,
  home: Home = 'first',
): Position {
  const last = Math.max(0, keys.length - 1)
  const page = Math.max(1, height - 1)
  const target: Record<Move, number> = {
    up: position.index - 1,
    down: position.index + 1,
    'page-up': position.index - page,
    'page-down': position.index + page,
    first: 0,
    last,
  }
  const index = Math.min(last, Math.max(0, target[move]))
  const top = topFor(index, position.top, height, keys.length)
  const key = keys[index]
  // Back at its home it follows the list again.
  const atHome = home === 'first' ? move === 'first' : index === last
  return key === undefined || atHome ? { index, top } : { key, index, top }
}

/** The first row on the screen so that the cursor is on it, and no row is left empty. */
function topFor(index: number, top: number, height: number, length: number): number {
  const room = Math.max(1, height)
  const least = Math.max(0, index - room + 1)
  const most = Math.max(0, Math.min(index, length - room))
  return Math.max(Math.min(top, most), least)
}
