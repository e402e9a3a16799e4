import type { View } from './ui.ts'

export interface Size {
  columns: number
  rows: number
}

/** How many lines each part of the screen has; together they are its rows. */
export interface Layout extends Size {
  header: number
  banner: number
  /** Lines above a view's list: the recovery's board. */
  board: number
  /** Rows of the list, below its line of titles. */
  list: number
  /** Lines of what lies over the list. */
  body: number
}

export const LEAST: Size = { columns: 40, rows: 8 }

/** Below so many rows the header is one line. */
const SHORT = 14
const BOARD = 7
/** The line of the views, and the last one. */
const FRAME = 2
const TITLES = 1

export function layoutOf({ columns, rows }: Size, view: View, banner: boolean): Layout {
  const header = rows < SHORT ? 1 : 3
  const body = Math.max(1, rows - header - FRAME - (banner ? 1 : 0))
  const board = view === 'recovery' ? Math.min(BOARD, Math.max(0, body - TITLES - 2)) : 0
  const list = Math.max(1, body - board - TITLES)
  return { columns, rows, header, banner: banner ? 1 : 0, board, list, body }
}

/** Whether a QR code as WhatsApp's has room: 61 columns and 31 lines, and what is said beside it. */
export function qrFits({ columns, body }: Layout): boolean {
  return columns >= 61 && body >= 34
}
