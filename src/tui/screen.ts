import { setTimeout as sleep } from 'node:timers/promises'
import { render } from 'ink'
import { createElement } from 'react'
import { ControlClient } from '../control/client.ts'
import type { Target } from '../control/dial.ts'
import { App } from './app.ts'
import { Dashboard } from './dashboard.ts'
import { feed } from './feed.ts'
import { Operator } from './operator.ts'
import { Outlet } from './outlet.ts'

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
/** A signal comes in between two turns of the event loop. */
const DYING_MS = 1_000
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** Ends a sequence that was cut, and what Ink began: styles, held output, the other screen, no cursor. */
const LEAVE = '\u0018\u001B[0m\u001B[?2026l\u001B[?1049l\u001B[?25h'
const CLEAR = '\u001B[H\u001B[2J'

/**
 * Shows the dashboard until the person leaves it, and leaves the terminal as it was, whatever ends
 * it. Throws what the first call to the daemon threw, before anything is drawn.
 */
export async function showDashboard(options: ScreenOptions): Promise<'asked' | 'interrupted'> {
  const { target, version, readonly, color, stdin, stdout, stderr } = options
  const size = () => ({ columns: stdout.columns, rows: stdout.rows })
  const outlet = new Outlet(stdout, stderr)
  const dashboard = new Dashboard({ version, readonly, color, size: size(), link: outlet })
  const client = new ControlClient({
    target,
    version,
    onSkew: (theirs) =>
      dashboard.say(`the daemon runs version ${theirs}, this is ${version}: restart it`, 'bad'),
  })
  const over = new AbortController()
  const signal = AbortSignal.any([options.signal, over.signal])
  const timers: NodeJS.Timeout[] = []
  let ended: NodeJS.Signals | undefined
  let onSignal: NodeJS.SignalsListener = () => {}
  try {
    dashboard.status(await client.call('status', { sessions: 'none' }, options.firstAnswer))
    const operator = new Operator(client, dashboard, signal)
    const left = Promise.withResolvers<'asked' | 'interrupted'>()
    onSignal = (name) => {
      ended ??= name
      left.resolve('interrupted')
    }
    for (const name of SIGNALS) process.on(name, onSignal)
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
    let anew = false
    dashboard.onFrame(() => {
      if (anew) {
        ink.clear()
        stdout.write(CLEAR)
      }
      anew = false
      ink.rerender(app())
    })
    const redraw = () => {
      anew = true
      dashboard.resize(size())
    }
    // Node prints what went wrong after this, which must not be on the screen that goes away.
    const crashed = () => {
      ink.unmount()
      outlet.abandon(LEAVE)
    }
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
    }
  } finally {
    for (const timer of timers) clearInterval(timer)
    dashboard.stop()
    over.abort()
    await outlet.close()
    await client.close()
    for (const name of SIGNALS) process.off(name, onSignal)
    // As it would have ended at once, without what gives the terminal back.
    if (ended !== undefined) {
      process.kill(process.pid, ended)
      await sleep(DYING_MS)
    }
  }
}
