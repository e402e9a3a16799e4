import { render } from 'ink'
import { createElement } from 'react'
import { ControlClient } from '../control/client.ts'
import type { Target } from '../control/dial.ts'
import { App } from './app.ts'
import { Dashboard } from './dashboard.ts'
import { feed } from './feed.ts'
import { Operator } from './operator.ts'

export interface ScreenOptions {
  target: Target
  version: string
  readonly: boolean
  color: boolean
  stdin: NodeJS.ReadStream
  stdout: NodeJS.WriteStream
  stderr: NodeJS.WriteStream
  /** Ends it, as Ctrl-C does. */
  signal: AbortSignal
  /** Ends the wait for the daemon's first answer. */
  firstAnswer: AbortSignal
}

/** Keys are drawn within so much, data when `Frames` says. */
const FPS = 60
const TICK_MS = 1_000
const REFRESH_MS = 5_000
const CLEAR = '\u001B[H\u001B[2J'

/**
 * Shows the dashboard until the person leaves it, and leaves the terminal as it was, whatever ends
 * it. Throws what the first call to the daemon threw, before anything is drawn.
 */
export async function showDashboard(options: ScreenOptions): Promise<'asked' | 'interrupted'> {
  const { target, version, readonly, color, stdin, stdout, stderr } = options
  const size = () => ({ columns: stdout.columns, rows: stdout.rows })
  const dashboard = new Dashboard({ version, readonly, color, size: size() })
  const client = new ControlClient({
    target,
    version,
    onSkew: (theirs) =>
      dashboard.say(`the daemon runs version ${theirs}, this is ${version}: restart it`, 'bad'),
  })
  const over = new AbortController()
  const signal = AbortSignal.any([options.signal, over.signal])
  const timers: NodeJS.Timeout[] = []
  try {
    dashboard.status(await client.call('status', { sessions: 'none' }, options.firstAnswer))
    const operator = new Operator(client, dashboard, signal)
    const left = Promise.withResolvers<'asked' | 'interrupted'>()
    dashboard.onEffect((effect) => {
      if (effect.type === 'quit') left.resolve(effect.how)
      else if (effect.type === 'redraw') redraw()
    })
    signal.addEventListener('abort', () => left.resolve('interrupted'), { once: true })

    const app = () => createElement(App, { dashboard })
    const ink = render(app(), {
      stdin,
      stdout,
      stderr,
      exitOnCtrlC: false,
      alternateScreen: true,
      incrementalRendering: true,
      interactive: true,
      maxFps: FPS,
    })
    dashboard.onFrame(() => ink.rerender(app()))
    const redraw = () => {
      ink.clear()
      stdout.write(CLEAR)
      dashboard.resize(size())
    }
    // Node prints what went wrong after this, which must not be on the screen that goes away.
    const crashed = () => ink.unmount()
    process.on('uncaughtExceptionMonitor', crashed)
    stdout.on('resize', redraw)
    timers.push(
      setInterval(() => dashboard.tick(), TICK_MS),
      setInterval(() => operator.refresh(), REFRESH_MS),
    )
    try {
      return await Promise.race([
        left.promise,
        feed(client, dashboard, signal).then(() => left.promise),
        ink.waitUntilExit().then(() => left.promise),
      ])
    } finally {
      stdout.off('resize', redraw)
      process.off('uncaughtExceptionMonitor', crashed)
      ink.unmount()
      await ink.waitUntilExit()
    }
  } finally {
    for (const timer of timers) clearInterval(timer)
    dashboard.stop()
    over.abort()
    await client.close()
  }
}
