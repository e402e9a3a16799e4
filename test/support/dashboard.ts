import { Dashboard, type DashboardOptions } from '../../src/tui/dashboard.ts'
import type { Press } from '../../src/tui/keyboard.ts'
import { screenLines } from '../../src/tui/lines/screen.ts'
import type { Effect } from '../../src/tui/press.ts'

/** A dashboard without a terminal, at a clock that stands still until it is moved. */
export class Bench {
  at = Date.UTC(2025, 5, 1, 12)
  readonly dashboard: Dashboard
  readonly effects: Effect[] = []

  constructor(more: Partial<DashboardOptions> = {}) {
    this.dashboard = new Dashboard({
      version: '0.1.0',
      readonly: false,
      color: true,
      size: { columns: 80, rows: 24 },
      now: () => this.at,
      ...more,
    })
    this.dashboard.onEffect((effect) => this.effects.push(effect))
  }

  /** Presses keys: single characters, or names as `enter`. */
  press(...keys: string[]): void {
    for (const key of keys)
      this.dashboard.press(key.length === 1 ? { char: key } : ({ key } as Press))
  }

  /** What is on the screen, without styles. */
  get lines(): string[] {
    return screenLines(this.dashboard).map(({ segments }) =>
      segments
        .map(({ text }) => text)
        .join('')
        .trimEnd(),
    )
  }

  get screen(): string {
    return this.lines.join('\n')
  }
}
