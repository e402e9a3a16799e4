export interface Signals {
  /** The first SIGTERM or SIGINT, or SIGHUP where it means that the terminal is gone. */
  first: Promise<NodeJS.Signals>
  second: Promise<NodeJS.Signals>
  /** Called for each SIGHUP that means: read the configuration again. */
  onReload(listener: () => void): void
  close(): void
}

/** `terminal`: a person started the daemon in one, whose end SIGHUP tells of. */
export function listenForSignals(terminal: boolean): Signals {
  const first = Promise.withResolvers<NodeJS.Signals>()
  const second = Promise.withResolvers<NodeJS.Signals>()
  let count = 0
  let reload: () => void = () => undefined
  const onStop = (signal: NodeJS.Signals) => {
    count++
    if (count === 1) first.resolve(signal)
    else second.resolve(signal)
  }
  const onHangUp = terminal ? onStop : () => reload()
  process.on('SIGTERM', onStop)
  process.on('SIGINT', onStop)
  process.on('SIGHUP', onHangUp)
  return {
    first: first.promise,
    second: second.promise,
    onReload(listener) {
      reload = listener
    },
    close() {
      process.off('SIGTERM', onStop)
      process.off('SIGINT', onStop)
      process.off('SIGHUP', onHangUp)
    },
  }
}
