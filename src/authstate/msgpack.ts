/**
 * Writes msgpack as msgpackr would, for what most values are made of, in one pass that makes no copy
 * of the value on the way.
 */
const SMALL = 64 * 1024
/** More than this is not kept for the next one. */
const KEPT = 1024 * 1024

let scratch = Buffer.allocUnsafeSlow(SMALL)
let at = 0

/** Begins anew and leaves `room` bytes in front; about `expected` more will be written. */
export function begin(room: number, expected = 0): void {
  const size = room + expected
  if (size > scratch.length) scratch = Buffer.allocUnsafeSlow(size)
  else if (scratch.length > KEPT && size <= KEPT) scratch = Buffer.allocUnsafeSlow(SMALL)
  at = room
}

/** What was written since `begin`, with the room in front, as a view that the next `begin` ends. */
export function written(): Buffer {
  return scratch.subarray(0, at)
}

/** The same in a buffer of its own; where it is much, without a copy. It ends what `written` gave. */
export function taken(): Uint8Array<ArrayBuffer> {
  if (at <= KEPT) return new Uint8Array(written())
  const { buffer } = scratch
  scratch = Buffer.allocUnsafeSlow(SMALL)
  return new Uint8Array(buffer.transfer(at))
}

function ensure(bytes: number): void {
  if (at + bytes <= scratch.length) return
  const larger = Buffer.allocUnsafeSlow((at + bytes) * 2)
  larger.set(scratch.subarray(0, at))
  scratch = larger
}

/** `small`: the tag that holds sizes below 16 in itself; `wide`: the one with two bytes of size. */
function header(size: number, small: number, wide: number): void {
  ensure(5)
  if (size < 0x10) {
    scratch[at++] = small | size
  } else if (size < 0x1_0000) {
    scratch[at++] = wide
    at = scratch.writeUInt16BE(size, at)
  } else {
    scratch[at++] = wide + 1
    at = scratch.writeUInt32BE(size, at)
  }
}

export function arrayHeader(length: number): void {
  header(length, 0x90, 0xdc)
}

/** `first`: the tag with one byte of size; the next two have two and four. */
function sized(size: number, first: number): void {
  if (size < 0x100) {
    scratch[at++] = first
    scratch[at++] = size
  } else if (size < 0x1_0000) {
    scratch[at++] = first + 1
    at = scratch.writeUInt16BE(size, at)
  } else {
    scratch[at++] = first + 2
    at = scratch.writeUInt32BE(size, at)
  }
}

export function nil(): void {
  ensure(1)
  scratch[at++] = 0xc0
}

export function binary(bytes: Uint8Array): void {
  ensure(bytes.length + 5)
  sized(bytes.length, 0xc4)
  scratch.set(bytes, at)
  at += bytes.length
}

function stringHeader(size: number): void {
  if (size < 0x20) scratch[at++] = 0xa0 | size
  else sized(size, 0xd9)
}

/** Any well-formed string. */
export function string(text: string): void {
  if (ascii(text)) return
  const size = Buffer.byteLength(text)
  ensure(size + 5)
  stringHeader(size)
  at += scratch.write(text, at)
}

/** Writes an ASCII string; returns false, with nothing written, where it is another. */
function ascii(text: string): boolean {
  const { length } = text
  const before = at
  ensure(length + 5)
  stringHeader(length)
  for (let i = 0; i < length; i += 1) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) {
      at = before
      return false
    }
    scratch[at + i] = code
  }
  at += length
  return true
}

function number(value: number): void {
  ensure(9)
  if (value >>> 0 === value) {
    if (value < 0x80) scratch[at++] = value
    else if (value < 0x100) at = scratch.writeUInt8(value, byte(0xcc))
    else if (value < 0x1_0000) at = scratch.writeUInt16BE(value, byte(0xcd))
    else at = scratch.writeUInt32BE(value, byte(0xce))
  } else if (value >> 0 === value) {
    if (value >= -0x20) scratch[at++] = 0x100 + value
    else if (value >= -0x80) at = scratch.writeInt8(value, byte(0xd0))
    else if (value >= -0x8000) at = scratch.writeInt16BE(value, byte(0xd1))
    else at = scratch.writeInt32BE(value, byte(0xd2))
  } else {
    at = scratch.writeDoubleBE(value, byte(0xcb))
  }
}

/** Writes a tag; returns where what follows it begins. */
function byte(tag: number): number {
  scratch[at++] = tag
  return at
}

/**
 * Writes a value as codec.ts wants it. Returns false, with anything written, for what needs its
 * whole care: strings that are not plain ASCII, objects of classes, those with a toJSON, and those
 * that BufferJSON may take for bytes.
 */
export function plainValue(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return plainString(value)
    case 'boolean':
      ensure(1)
      scratch[at++] = value ? 0xc3 : 0xc2
      return true
    case 'number':
      if (Number.isFinite(value)) number(value + 0)
      else nil()
      return true
    case 'object':
      if (value === null) nil()
      else if (value instanceof Uint8Array) binary(value)
      else return plainObject(value)
      return true
    default:
      return false
  }
}

function plainString(text: string): boolean {
  return text.charCodeAt(0) !== 0 && text !== '__proto__' && ascii(text)
}

function plainObject(value: object): boolean {
  if ('toJSON' in value) return false
  if (Array.isArray(value)) return plainArray(value)
  const prototype: unknown = Object.getPrototypeOf(value)
  if ((prototype !== Object.prototype && prototype !== null) || 'type' in value) return false
  const object = value as Record<string, unknown>
  const names = Object.keys(object).filter((name) => isStored(object[name]))
  const [first] = names
  if (first !== undefined && typeof object[first] === 'number' && !Number.isNaN(parseInt(first)))
    return false
  header(names.length, 0x80, 0xde)
  for (const name of inOrder(names))
    if (!plainString(name) || !plainValue(object[name])) return false
  return true
}

function plainArray(items: readonly unknown[]): boolean {
  arrayHeader(items.length)
  for (const item of items) {
    if (!isStored(item)) nil()
    else if (!plainValue(item)) return false
  }
  return true
}

/** JSON drops other members, and puts null for other items. */
function isStored(value: unknown): boolean {
  return value !== undefined && typeof value !== 'function' && typeof value !== 'symbol'
}

/** Array indices first, as in every object, then the other names by their UTF-16 units. */
function inOrder(names: string[]): string[] {
  let indices = 0
  while (indices < names.length && isIndex(names[indices] ?? '')) indices += 1
  for (let i = indices + 1; i < names.length; i += 1)
    if ((names[i] ?? '') < (names[i - 1] ?? ''))
      return [...names.slice(0, indices), ...names.slice(indices).toSorted()]
  return names
}

function isIndex(name: string): boolean {
  const index = Number(name) >>> 0
  return index !== 2 ** 32 - 1 && String(index) === name
}
