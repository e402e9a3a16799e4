import { encode } from 'uqr'

const MARGIN = 2
/** Black on white, whatever the terminal's own colours are; scanners want a light margin. */
const INK = '\u001b[30;107m'
const RESET = '\u001b[0m'

export interface QrPicture {
  lines: string[]
  columns: number
}

/**
 * A QR code of half blocks, two of its rows a line. Without colour its light parts are drawn, which
 * suits the usual light-on-dark terminal.
 */
export function renderQr(text: string, options: { color: boolean }): QrPicture {
  const { data, size } = encode(text, { ecc: 'L', border: MARGIN })
  const lines: string[] = []
  for (let row = 0; row < size; row += 2) {
    let line = ''
    for (let column = 0; column < size; column++) {
      const upper = data[row]?.[column] === true
      const lower = data[row + 1]?.[column] === true
      line += block(upper === options.color, lower === options.color)
    }
    lines.push(options.color ? `${INK}${line}${RESET}` : line)
  }
  return { lines, columns: size }
}

const block = (upper: boolean, lower: boolean) => (upper ? (lower ? '█' : '▀') : lower ? '▄' : ' ')
