import type { Logger } from 'pino'
import type { SocketConfig } from '@whiskeysockets/baileys'

/** All but the last three digits of what may be a phone number. */
const LONG_NUMBER = /\d{4,}(?=\d{3})/g

type BaileysLogger = SocketConfig['logger']

/**
 * Baileys hands whole nodes, handshakes and errors with key material to its logger. Only its fixed
 * sentences go on, as debug lines; objects never do. Some name a phone: numbers that long are cut.
 */
export function baileysLogger(logger: Logger): BaileysLogger {
  const pass = (first: unknown, second?: string) => {
    const text = typeof first === 'string' ? first : second
    if (text !== undefined && logger.isLevelEnabled('debug'))
      logger.debug({ from: 'baileys' }, text.replaceAll(LONG_NUMBER, '…'))
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
