import type { Logger } from 'pino'
import type { SocketConfig } from '@whiskeysockets/baileys'

type BaileysLogger = SocketConfig['logger']

/**
 * Baileys hands whole nodes, handshakes and errors with key material to its logger. Only its fixed
 * sentences go on, as debug lines; objects never do.
 */
export function baileysLogger(logger: Logger): BaileysLogger {
  const pass = (first: unknown, second?: string) => {
    const text = typeof first === 'string' ? first : second
    if (text !== undefined && logger.isLevelEnabled('debug'))
      logger.debug({ from: 'baileys' }, text)
  }
  return {
    // 'trace' would make Baileys render every stanza.
    level: 'info',
    child: () => baileysLogger(logger),
    trace: () => undefined,
    debug: pass,
    info: pass,
    warn: pass,
    error: pass,
  }
}

export const silentLogger: BaileysLogger = {
  level: 'silent',
  child: () => silentLogger,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}
