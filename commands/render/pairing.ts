import type { Event } from '../../src/control/api.ts'
import type { SessionState } from '../../src/session/state.ts'
import type { Context } from '../shared/context.ts'
import { renderQr } from '../../src/words/qr.ts'

type Screen = Pick<Context, 'stdout' | 'stderr' | 'isTTY' | 'columns' | 'rows'> & { color: boolean }

const SCAN = 'On the phone: WhatsApp > Settings > Linked devices > Link a device, then scan this.'
const TYPE =
  'On the phone: WhatsApp > Settings > Linked devices > Link a device > Link with phone number.'

const WORDS: Partial<Record<SessionState, string>> = {
  pairing: 'waiting for a code from WhatsApp…',
  connecting: 'scanned; connecting…',
}

/** Shows a pairing as it goes; a new QR code takes the place of the old one. */
export class PairingView {
  readonly #session: string
  readonly #screen: Screen
  /** Lines of the picture that stands at the end of the terminal. */
  #drawn = 0
  #told = false

  constructor(session: string, screen: Screen) {
    this.#session = session
    this.#screen = screen
  }

  show(event: Event<'session.pair'>): void {
    const { stdout, stderr } = this.#screen
    if (event.type === 'qr') return this.#qr(event.qr)
    if (event.type === 'code')
      stdout.write(`${TYPE}\nThen type this code:\n\n    ${spaced(event.code)}\n\n`)
    else if (event.type === 'result') stdout.write(`${this.#session} is paired and online\n`)
    else {
      const words = WORDS[event.state]
      if (words !== undefined) stderr.write(`${words}\n`)
    }
    this.#drawn = 0
  }

  #qr(text: string): void {
    const { stdout, stderr, isTTY, columns = Infinity, rows = Infinity, color } = this.#screen
    const picture = renderQr(text, { color: color && isTTY })
    const lines = [...picture.lines, SCAN]
    // The cursor needs a line of its own below.
    if (picture.columns > columns || lines.length + 1 > rows) {
      if (!this.#told)
        stderr.write(
          `This terminal is too small for the QR code: it needs ${picture.columns} columns and ${lines.length + 1} lines, and has ${columns} and ${rows}.\n` +
            `Make it larger, or press Ctrl-C and run \`wa-gateway session pair ${this.#session} --code PHONE\` for a code to type on the phone.\n`,
        )
      this.#told = true
      return
    }
    if (isTTY && this.#drawn > 0) stdout.write(`\u001b[${this.#drawn}F\u001b[J`)
    stdout.write(`${lines.join('\n')}\n`)
    this.#drawn = lines.length
  }
}

/** WhatsApp shows the eight characters as two groups of four. */
const spaced = (code: string) =>
  /^\w{8}$/.test(code) ? `${code.slice(0, 4)}-${code.slice(4)}` : code
