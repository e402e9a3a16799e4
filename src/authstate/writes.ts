import { arrayHeader, begin, binary, nil, string, taken } from './msgpack.ts'

/** One value put (bytes as codec.ts encodes them) or deleted (null). Creds: type `creds`, id ``. */
export interface Write {
  type: string
  id: string
  value: Uint8Array | null
}

/** The writes in canonical bytes that own their buffer: msgpack of [type, id, value, type, ...]. */
export function packWrites(writes: readonly Write[]): Uint8Array {
  begin(0, sizeOf(writes))
  appendWrites(writes)
  return taken()
}

/** Bytes that they take at most, where their names are ASCII. */
export function sizeOf(writes: readonly Write[]): number {
  // Five for the tag and length of each of the three.
  return writes.reduce(
    (sum, { type, id, value }) => sum + type.length + id.length + (value?.length ?? 0) + 15,
    5,
  )
}

/** The same at the end of what msgpack.ts is writing. */
export function appendWrites(writes: readonly Write[]): void {
  arrayHeader(writes.length * 3)
  for (const { type, id, value } of writes) {
    // Such a string would come back altered, and two keys could fall together.
    if (!type.isWellFormed() || !id.isWellFormed()) throw new TypeError('malformed key id')
    string(type)
    string(id)
    if (value === null) nil()
    else binary(value)
  }
}

const NOTHING = Buffer.alloc(0)

// Where the next byte is read, in what.
let bytes: Buffer = NOTHING
let at = 0

/**
 * The inverse; the values are views on `body`. It reads the msgpack that packWrites writes and no
 * other. Throws TypeError where the bytes are not such a list.
 */
export function unpackWrites(body: Uint8Array): Write[] {
  bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  at = 0
  try {
    const items = listSize()
    if (items % 3 !== 0) throw malformed()
    const writes: Write[] = []
    let type = ''
    for (let i = 0; i < items; i += 3) {
      type = name(type)
      const id = name('')
      writes.push({ type, id, value: value() })
    }
    if (at !== bytes.length) throw malformed()
    return writes
  } finally {
    bytes = NOTHING
  }
}

/**
 * The same list without making anything of it: where in `body` each id and value lies, `from`
 * inclusive and `to` exclusive. Throws TypeError likewise, and where a value is a deletion.
 */
export function scanWrites(
  body: Uint8Array,
  visit: (type: string, id: Place, value: Place) => void,
): void {
  const source = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  bytes = source
  at = 0
  const [id, value]: [Place, Place] = [
    { from: 0, to: 0 },
    { from: 0, to: 0 },
  ]
  try {
    const items = listSize()
    if (items % 3 !== 0) throw malformed()
    let type = ''
    for (let i = 0; i < items; i += 3) {
      type = name(type)
      id.from = skip(nameSize())
      id.to = at
      value.from = skip(size(tag(), 0xc4, 1))
      value.to = at
      visit(type, id, value)
    }
    if (at !== bytes.length) throw malformed()
  } finally {
    bytes = NOTHING
  }
}

/** A range of bytes; the same object is used again for the next one. */
export interface Place {
  from: number
  to: number
}

/** Bytes beyond the end are undefined, and what is made of them then is beyond the end too. */
function tag(): number {
  return bytes[at++] ?? -1
}

function listSize(): number {
  const first = tag()
  if (first >= 0x90 && first <= 0x9f) return first - 0x90
  return size(first, 0xdc, 2)
}

/** A size of `width` bytes after the tag `smallest`, of twice as many after the next, and so on. */
function size(found: number, smallest: number, width: number): number {
  const sizeBytes = width << (found - smallest)
  if (found < smallest || found > smallest + 2 || sizeBytes > 4) throw malformed()
  return bytes.readUIntBE(skip(sizeBytes), sizeBytes)
}

/** Where the `length` bytes that come next begin; they are passed over. */
function skip(length: number): number {
  const start = at
  at += length
  if (at > bytes.length) throw malformed()
  return start
}

/** `likely`: what it probably is, as the types of neighbours are the same. */
function name(likely: string): string {
  const length = nameSize()
  const start = skip(length)
  return isAscii(likely, start, length) ? likely : bytes.toString('utf8', start, at)
}

function nameSize(): number {
  const first = tag()
  return first >= 0xa0 && first <= 0xbf ? first - 0xa0 : size(first, 0xd9, 1)
}

function isAscii(text: string, start: number, length: number): boolean {
  if (text.length !== length || length === 0) return false
  for (let i = 0; i < length; i += 1)
    if (text.charCodeAt(i) !== bytes[start + i] || text.charCodeAt(i) > 0x7f) return false
  return true
}

function value(): Uint8Array | null {
  const first = tag()
  if (first === 0xc0) return null
  const length = size(first, 0xc4, 1)
  return new Uint8Array(bytes.buffer, bytes.byteOffset + skip(length), length)
}

function malformed(): TypeError {
  return new TypeError('not a list of writes')
}
