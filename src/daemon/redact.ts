/** Fields that hold key material, credentials or what people wrote, whatever their value. */
const HIDDEN_FIELDS = new Set(
  `private privKey privateKey keyPair noiseKey signedIdentityKey signedPreKey pairingEphemeralKeyPair
  identityKey preKey advSecretKey account routingInfo creds keyData rootKey chainKey messageKeys
  senderKey signature token accessToken secret secretKey accessKey password passphrase authorization
  cookie headers qr qrCode pairingCode text conversation body content plaintext ciphertext message
  messages caption xml node stanza frame`
    .split(/\s+/)
    .map((name) => name.toLowerCase()),
)

const HIDDEN = '[hidden]'
const DEEPEST = 6
const LONGEST = 100
/** Shorter values are no secrets, and would be found everywhere. */
const SHORTEST_SECRET = 6

const PATTERNS: readonly [RegExp, string | ((found: string) => string)][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, HIDDEN],
  [/(?<=[a-z][a-z0-9+.-]*:\/\/)[^\s/@"]+@/gi, `${HIDDEN}@`],
  [/(?<=\b(?:Bearer|Basic) +)[A-Za-z0-9+/=._~-]+/gi, HIDDEN],
  [/(?<=[?&](?:[\w-]*(?:token|secret|signature|credential|password))=)[^&\s"]+/gi, HIDDEN],
  [/<Buffer(?: [0-9a-f]{2})+[^>]*>/g, '[bytes]'],
  [/(?:\b\d{1,3}\s*,\s*){15,}\d{1,3}\b/g, '[bytes]'],
  [/[0-9a-fA-F]{64,}/g, (found) => `${found.slice(0, 8)}…`],
  [/[A-Za-z0-9+/_-]{42,}={1,2}/g, HIDDEN],
  [/\d{5,}(?=(?:[_.:-]\d+)*@(?:s\.whatsapp\.net|c\.us|lid|hosted|g\.us)\b)/g, masked],
]

/** The last three digits of a phone number or WhatsApp id: enough to tell two of them apart. */
export function masked(digits: string): string {
  return `…${digits.slice(-3)}`
}

/**
 * Makes anything fit for the log: bytes, objects with a class of their own, fields that hold keys or
 * messages, credentials in URLs and headers, phone numbers and the configured secrets go.
 */
export class Redactor {
  readonly #secrets: readonly string[]

  constructor(secrets: readonly string[] = []) {
    const forms = secrets.flatMap((secret) =>
      secret.length < SHORTEST_SECRET
        ? []
        : [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)],
    )
    // A longer one may contain a shorter one.
    this.#secrets = [...new Set(forms)].toSorted((a, b) => b.length - a.length)
  }

  /** Without the configured secrets. */
  withoutSecrets(text: string): string {
    return this.#secrets.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text)
  }

  text(text: string): string {
    return PATTERNS.reduce(
      (rest, [pattern, by]) =>
        typeof by === 'string' ? rest.replaceAll(pattern, by) : rest.replaceAll(pattern, by),
      this.withoutSecrets(text),
    )
  }

  /** What becomes of the fields of a log line; the session's id stays as it is. */
  fields(fields: object): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [
        name,
        name === 'session' && typeof value === 'string' ? value : this.#field(name, value, 0),
      ]),
    )
  }

  #field(name: string, value: unknown, depth: number): unknown {
    if (typeof value === 'string' && name === 'phone') return masked(value)
    if (value instanceof Error) return this.#error(value)
    const telling = typeof value === 'string' || (typeof value === 'object' && value !== null)
    if (telling && HIDDEN_FIELDS.has(name.toLowerCase())) return HIDDEN
    return this.#value(value, depth)
  }

  #value(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return this.text(value)
    if (typeof value === 'bigint') return String(value)
    if (typeof value !== 'object' || value === null) return value
    if (value instanceof Error) return this.#error(value)
    if (value instanceof Date) return value.toISOString()
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
      return `[${value.byteLength} bytes]`
    if (depth >= DEEPEST) return '[…]'
    if (Array.isArray(value)) return this.#list(value, depth)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype !== null) return `[${value.constructor.name}]`
    const { type, data } = value as { type?: unknown; data?: unknown }
    if (type === 'Buffer' && data !== undefined) return '[bytes]'
    return Object.fromEntries(
      Object.entries(value).map(([name, part]) => [name, this.#field(name, part, depth + 1)]),
    )
  }

  #list(list: readonly unknown[], depth: number): unknown {
    const bytes = list.length >= 16 && list.every((n) => typeof n === 'number' && n < 256)
    if (bytes) return `[${list.length} bytes]`
    const shown = list.slice(0, LONGEST).map((part) => this.#value(part, depth + 1))
    return list.length > LONGEST ? [...shown, `… ${list.length - LONGEST} more`] : shown
  }

  /** Type, message, code and stack, and those of its causes; never the objects that it carries. */
  #error(error: Error): LoggedError {
    const { code } = error as { code?: unknown }
    return {
      type: error.name,
      message: this.text(error.message),
      ...(typeof code === 'string' ? { code } : {}),
      ...(error.stack === undefined ? {} : { stack: this.text(error.stack) }),
      ...(error.cause === undefined ? {} : { cause: this.#reason(error.cause) }),
    }
  }

  #reason(thrown: unknown): LoggedError {
    if (thrown instanceof Error) return this.#error(thrown)
    const message = typeof thrown === 'string' ? this.text(thrown) : `a thrown ${typeof thrown}`
    return { type: typeof thrown, message }
  }
}

export interface LoggedError {
  type: string
  message: string
  code?: string
  stack?: string
  cause?: LoggedError
}
