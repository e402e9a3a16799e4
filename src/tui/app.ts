import { Box, Text, useInput } from 'ink'
import { createElement as h, memo } from 'react'
import type { Dashboard } from './dashboard.ts'
import { presses } from './keyboard.ts'
import { sameLine } from './line.ts'
import { screenLines, type Drawn } from './lines/screen.ts'

/** The dashboard's screen as it is now. It holds no state: whoever shows it renders it again. */
export function App({ dashboard }: { dashboard: Dashboard }) {
  useInput((input, key) => {
    for (const pressed of presses(input, key)) dashboard.press(pressed)
  })
  const { columns, rows } = dashboard.layout
  return h(
    Box,
    { flexDirection: 'column', width: columns, height: rows, overflow: 'hidden' },
    // A line is its place on the screen.
    screenLines(dashboard).map((drawn, row) => h(Row, { key: row, ...drawn })),
  )
}

/** One line of the screen, drawn again only when it says something else. */
const Row = memo(
  ({ segments, at }: Drawn) =>
    h(
      Text,
      { wrap: 'truncate-end', inverse: at },
      // An empty text would have no height.
      segments.length === 0
        ? ' '
        : segments.map(({ text, color, bold, dim, inverse }, n) =>
            h(
              Text,
              {
                key: n,
                ...(color && { color }),
                ...(bold && { bold }),
                ...(dim && { dimColor: dim }),
                ...(inverse && { inverse }),
              },
              text,
            ),
          ),
    ),
  (before, after) => before.at === after.at && sameLine(before.segments, after.segments),
)
