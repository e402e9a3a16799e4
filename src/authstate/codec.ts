import { types } from 'node:util'

import { Packr } from 'msgpackr'

import { begin, plainValue, written } from './msgpack.ts'

/**
 * How auth values become bytes. A value comes back deep-equal to what Baileys' own encoding,
 * `JSON.parse(JSON.stringify(value, BufferJSON.replacer), BufferJSON.reviver)`, would give:
 * `toJSON` is honoured, undefined is dropped, every byte array is a Buffer. Equal values have equal
 * bytes: object keys are sorted.
 *
 * The first byte tells the format: msgpack, or msgpack in which strings that msgpack or its decoder
 * would alter (lone surrogates, `__proto__` as a key) are escaped as NUL plus their JSON.
 */
const PLAIN = 1
const ESCAPED = 2

const packr = new Packr({
  useRecords: false,
  variableMapSize: true,
  copyBuffers: true,
  mapsAsObjects: true,
})

type Plain = null | boolean | number | string | Buffer | Plain[] | { [key: string]: Plain }

/** Bytes of their own buffer. Throws TypeError for what JSON cannot hold (undefined, bigint). */
export function encodeValue(value: unknown): Uint8Array {
  begin(1)
  if (!plainValue(value)) return encodeWithCare(value)
  const bytes = new Uint8Array(written())
  bytes[0] = PLAIN
  return bytes
}

/** For any value; where encodeValue does without it, the bytes are the same. */
export function encodeWithCare(value: unknown): Uint8Array {
  const plain = normalize(value, '')
  if (plain === undefined) throw new TypeError('undefined cannot be stored')
  const escape = needsEscape(plain)
  const packed = packr.pack(escape ? mapStrings(plain, escapeString) : plain)
  const bytes = new Uint8Array(packed.length + 1)
  bytes[0] = escape ? ESCAPED : PLAIN
  bytes.set(packed, 1)
  return bytes
}

/** A fresh copy that shares no memory with `bytes`. Throws where they are not an encoded value. */
export function decodeValue(bytes: Uint8Array): unknown {
  const format = bytes[0]
  if (format !== PLAIN && format !== ESCAPED) throw new TypeError('not an encoded value')
  // From a Buffer msgpackr copies Buffers, from a Uint8Array it copies Uint8Arrays.
  const plain = packr.unpack(asBuffer(bytes).subarray(1)) as Plain
  return format === PLAIN ? plain : mapStrings(plain, unescapeString)
}

/** What JSON.stringify with BufferJSON's replacer and JSON.parse with its reviver make of a value. */
function normalize(value: unknown, key: string): Plain | undefined {
  if (value instanceof Uint8Array) return asBuffer(value)
  const item = hasToJson(value) ? value.toJSON(key) : value
  switch (typeof item) {
    case 'string':
    case 'boolean':
      return item
    case 'number':
      return Number.isFinite(item) ? item + 0 : null
    case 'bigint':
      throw new TypeError('a bigint cannot be stored')
    case 'object':
      return item === null ? null : normalizeObject(item)
    default:
      return undefined
  }
}

function normalizeObject(item: object): Plain {
  if (item instanceof Uint8Array) return asBuffer(item)
  if ('type' in item && item.type === 'Buffer') {
    const data = 'data' in item && item.data ? item.data : item
    return Buffer.from(data as Uint8Array)
  }
  if (types.isBoxedPrimitive(item)) return normalize(item.valueOf(), '') ?? null
  if (Array.isArray(item))
    return Array.from(item, (entry: unknown, i) => normalize(entry, String(i)) ?? null)
  const entries: [string, Plain][] = []
  for (const [name, member] of Object.entries(item)) {
    const plain = normalize(member, name)
    if (plain !== undefined) entries.push([name, plain])
  }
  return revivedBytes(entries) ?? fromEntries(entries.toSorted(byName))
}

/** The reviver takes an object like `{"0": 1, "1": 2}`, with which old files hold bytes, for bytes. */
function revivedBytes(entries: [string, Plain][]): Buffer | undefined {
  if (entries.length === 0) return undefined
  const bytes: number[] = []
  for (const [name, value] of entries) {
    if (typeof value !== 'number' || Number.isNaN(Number.parseInt(name, 10))) return undefined
    bytes.push(value)
  }
  return Buffer.from(bytes)
}

function fromEntries(entries: [string, Plain][]): { [key: string]: Plain } {
  return Object.fromEntries(entries)
}

function byName(a: [string, Plain], b: [string, Plain]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function hasToJson(value: unknown): value is { toJSON(key: string): unknown } {
  return (
    (typeof value === 'object' || typeof value === 'bigint') &&
    value !== null &&
    typeof (value as { toJSON?: unknown }).toJSON === 'function'
  )
}

function isUnsafe(text: string): boolean {
  return text === '__proto__' || text.startsWith('\0') || !text.isWellFormed()
}

function needsEscape(value: Plain): boolean {
  if (typeof value === 'string') return isUnsafe(value)
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return false
  if (Array.isArray(value)) return value.some(needsEscape)
  return Object.entries(value).some(([name, member]) => isUnsafe(name) || needsEscape(member))
}

function escapeString(text: string): string {
  return isUnsafe(text) ? `\0${JSON.stringify(text)}` : text
}

function unescapeString(text: string): string {
  return text.startsWith('\0') ? (JSON.parse(text.slice(1)) as string) : text
}

function mapStrings(value: Plain, change: (text: string) => string): Plain {
  if (typeof value === 'string') return change(value)
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change))
  return fromEntries(
    Object.entries(value).map(([name, member]) => [change(name), mapStrings(member, change)]),
  )
}
