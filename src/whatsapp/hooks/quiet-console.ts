/*
 * libsignal writes whole session objects, private keys among them, to the console. While the
 * gateway runs, the console of this process says nothing; the number of suppressed lines is kept.
 */

const METHODS = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir'] as const

let suppressed = 0

/** Returns the function that gives the console back. */
export function quietConsole(): () => void {
  const original = METHODS.map((name) => [name, console[name]] as const)
  for (const name of METHODS) {
    console[name] = () => {
      suppressed++
    }
  }
  return () => {
    for (const [name, method] of original) console[name] = method
  }
}

export function suppressedConsoleLines(): number {
  return suppressed
}
