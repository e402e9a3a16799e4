import { isAbsolute, join, resolve } from 'node:path'
import { DURATION_WORDS, parseDuration } from '../session/duration.ts'
import { Secret } from './secret.ts'
import { parseStoreAddress, STORE_ADDRESS_WORDS } from './store-address.ts'

/** What a flag, a variable or a file can hold for one setting. */
export type RawValue = string | number | boolean

type Parsed<T> = { ok: true; value: T } | { ok: false; problem: string }

/** Where relative paths start, and what `~/` stands for; both absolute. */
interface Place {
  base: string
  home: string
}

/** One sort of value: how it is read. */
export interface Kind<T> {
  parse(raw: RawValue, place: Place): Parsed<T>
}

const good = <T>(value: T): Parsed<T> => ({ ok: true, value })
const bad = (problem: string): Parsed<never> => ({ ok: false, problem })

/** The value as it may appear in a message: quoted, cut, without a URL's user and password. */
function shown(raw: RawValue): string {
  const text = String(raw).replace(/\/\/[^/]*@/, '//…@')
  return `'${text.length > 80 ? `${text.slice(0, 80)}…` : text}'`
}

/** Text only: YAML turns an unquoted 0123 or true into something else, which would be a guess. */
function ofText<T>(parse: (text: string, place: Place) => Parsed<T>): Kind<T> {
  return {
    parse: (raw, place) =>
      typeof raw === 'string'
        ? parse(raw, place)
        : bad(`must be text: put the value in quotes (it was read as a ${typeof raw})`),
  }
}

const WORDS: Record<string, boolean> = {
  true: true,
  yes: true,
  on: true,
  1: true,
  false: false,
  no: false,
  off: false,
  0: false,
}

export const flag: Kind<boolean> = {
  parse(raw) {
    const value = WORDS[String(raw).trim().toLowerCase()]
    return value === undefined ? bad(`${shown(raw)} is not true or false`) : good(value)
  },
}

export function integer(min: number, max: number): Kind<number> {
  return {
    parse(raw) {
      const text = String(raw).trim()
      const value = Number(text)
      if (typeof raw === 'boolean' || !/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(value))
        return bad(`${shown(raw)} is not a whole number from ${min} to ${max}`)
      return value >= min && value <= max
        ? good(value)
        : bad(`${shown(raw)} is not from ${min} to ${max}`)
    },
  }
}

/** Milliseconds; the upper bound is the longest time that a timer of Node can wait. */
export const milliseconds = (min: number): Kind<number> => integer(min, 2_147_483_647)

/** A span of time in hours, days, weeks or years, as milliseconds. */
export const duration: Kind<number> = {
  parse(raw) {
    const ms = typeof raw === 'boolean' ? undefined : parseDuration(String(raw))
    return ms === undefined ? bad(`${shown(raw)} is not ${DURATION_WORDS}`) : good(ms)
  },
}

/** One of a few words, whatever their case; each word stands for a value. */
export function choice<const V extends string>(words: Record<string, V>): Kind<V> {
  return ofText((text) => {
    const value = words[text.trim().toLowerCase()]
    return value === undefined
      ? bad(`${shown(text)} is none of ${Object.keys(words).join(', ')}`)
      : good(value)
  })
}

/** Text that the pattern matches in full; `words` finishes the sentence "it is not …". */
export function matching(pattern: RegExp, words: string): Kind<string> {
  return ofText((text) => (pattern.test(text) ? good(text) : bad(`${shown(text)} is not ${words}`)))
}

/** A secret of at least `minLength` characters. Its problems never show any part of it. */
export function secret(minLength = 1): Kind<Secret> {
  return {
    parse(raw) {
      if (typeof raw !== 'string') return bad('must be text: put the value in quotes')
      if (/[\r\n\0]/.test(raw)) return bad('must be one line')
      return raw.length < minLength
        ? bad(`must have at least ${minLength} characters, it has ${raw.length}`)
        : good(new Secret(raw))
    },
  }
}

/** A URL of PostgreSQL, which may hold a password: its problems show nothing of it. */
export const databaseUrl: Kind<Secret> = {
  parse(raw, place) {
    const parsed = secret().parse(raw, place)
    if (!parsed.ok) return parsed
    const text = parsed.value.reveal()
    // A user without a host means a local socket to PostgreSQL, but makes no URL.
    const parts = URL.parse(text) ?? URL.parse(text.replace('@/', '@localhost/'))
    if (parts === null || !/^postgres(ql)?:$/.test(parts.protocol))
      return bad('is not a URL such as postgresql://user:password@host:5432/database')
    if (parts.pathname.length < 2)
      return bad('names no database: postgresql://user:password@host:5432/database')
    return parsed
  },
}

/** An absolute URL of one of the protocols, without credentials; trailing slashes are cut. */
export function url(...protocols: readonly string[]): Kind<string> {
  return ofText((text) => {
    const parsed = URL.parse(text.trim())
    if (parsed === null || parsed.host === '' || !protocols.includes(parsed.protocol.slice(0, -1)))
      return bad(
        `${shown(text)} is not a URL that begins with ${protocols.map((p) => `${p}://`).join(' or ')}`,
      )
    if (parsed.username !== '' || parsed.password !== '')
      return bad('must not contain a user name or password')
    if (parsed.search !== '' || parsed.hash !== '')
      return bad(`${shown(text)} must not contain ? or #`)
    return good(parsed.href.replace(/\/+$/, ''))
  })
}

/** A host name or address without scheme and port. */
export const host: Kind<string> = ofText((text) => {
  const bare = text.trim()
  const parts = /^(?:https?:\/\/)?([^/:@]+)(?::(\d+))?\/*$/i.exec(bare)
  if (parts !== null && parts[1] !== bare)
    return bad(
      `${shown(text)} must be a host alone: write ${parts[1]}` +
        (parts[2] === undefined ? '' : ` and put the port ${parts[2]} into its own setting`),
    )
  return /^[A-Za-z0-9._-]+$|^[0-9a-f]*:[0-9a-f:.]+$/i.test(bare)
    ? good(bare)
    : bad(`${shown(text)} is not a host name or address`)
})

export interface HostPort {
  host: string
  /** 0 lets the system choose. */
  port: number
}

export const hostPort: Kind<HostPort> = ofText((text) => {
  const parts = /^(\[[0-9a-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/i.exec(text.trim())
  const port = Number(parts?.[2])
  return parts?.[1] === undefined || port > 65_535
    ? bad(`${shown(text)} is not host:port, such as 127.0.0.1:8080`)
    : good({ host: parts[1].replace(/^\[|\]$/g, ''), port })
})

/** A path; `~/` is the home directory, and a relative one starts at `base`. */
export const path: Kind<string> = ofText((text, { base, home }) => {
  if (text.trim() === '' || text.includes('\0')) return bad(`${shown(text)} is not a path`)
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(text)) return bad(`${shown(text)} is a URL, not a path`)
  if (text === '~' || text.startsWith('~/')) return good(join(home, text.slice(1)))
  return good(isAbsolute(text) ? resolve(text) : resolve(base, text))
})

/** A store as `backup copy --to` takes it. */
export const storeAddress: Kind<string> = ofText((text) =>
  parseStoreAddress(text) === undefined
    ? bad(`${shown(text)} is not ${STORE_ADDRESS_WORDS}`)
    : good(text),
)

/** A path of a file that may be replaced when damaged: its name shows that it is meant. */
export function pathEnding(end: string): Kind<string> {
  return {
    parse(raw, place) {
      const parsed = path.parse(raw, place)
      return !parsed.ok || parsed.value.endsWith(end)
        ? parsed
        : bad(`${shown(raw)} does not end in ${end}`)
    },
  }
}

/** Three numbers, as WhatsApp Web's version: `2.3000.1`. */
export const version: Kind<readonly [number, number, number]> = ofText((text) => {
  const [a, b, c] = /^(\d+)\.(\d+)\.(\d+)$/.exec(text.trim())?.slice(1).map(Number) ?? []
  return a === undefined || b === undefined || c === undefined
    ? bad(`${shown(text)} is not three numbers with dots, such as 2.3000.1033893291`)
    : good([a, b, c] as const)
})
