/** The first byte of an encoded value that is plain msgpack (codec.ts). */
const PLAIN = 1
const NIL = 0xc0
/** No value is nested so deep. */
const DEEPEST = 64

// Where the next byte is read, in what, and where it ends.
let bytes: Uint8Array = new Uint8Array(0)
let at = 0
let end = 0

/**
 * Whether an encoded value can be decoded, without making anything of it: a hundredth of the cost.
 * `empty`: it is null. `unsure`: decode it to know; it may be sound all the same.
 */
export function scanValue(
  source: Uint8Array,
  from = 0,
  to = source.length,
): 'sound' | 'empty' | 'unsure' {
  if (to - from < 2 || source[from] !== PLAIN) return 'unsure'
  if (to - from === 2 && source[from + 1] === NIL) return 'empty'
  bytes = source
  at = from + 1
  end = to
  return skipValue(0) && at === end ? 'sound' : 'unsure'
}

/** Moves over one value; false where it is none of those that are known here. */
function skipValue(depth: number): boolean {
  const tag = next()
  // Small numbers of either sign.
  if (tag < 0x80 || tag >= 0xe0) return tag >= 0
  if (tag < 0x90) return skipPairs(tag & 0x0f, depth)
  if (tag < 0xa0) return skipItems(tag & 0x0f, depth)
  if (tag < 0xc0) return skip(tag & 0x1f)
  switch (tag) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
      return true
    case 0xc4:
    case 0xd9:
      return skip(next())
    case 0xc5:
    case 0xda:
      return skip(size(2))
    case 0xc6:
    case 0xdb:
      return skip(size(4))
    case 0xcc:
    case 0xd0:
      return skip(1)
    case 0xcd:
    case 0xd1:
      return skip(2)
    case 0xca:
    case 0xce:
    case 0xd2:
      return skip(4)
    case 0xcb:
      return skip(8)
    case 0xdc:
      return skipItems(size(2), depth)
    case 0xdd:
      return skipItems(size(4), depth)
    case 0xde:
      return skipPairs(size(2), depth)
    case 0xdf:
      return skipPairs(size(4), depth)
    default:
      return false
  }
}

function skipItems(count: number, depth: number): boolean {
  if (count < 0 || depth === DEEPEST) return false
  for (let i = 0; i < count; i += 1) if (!skipValue(depth + 1)) return false
  return true
}

/** Keys are strings. */
function skipPairs(count: number, depth: number): boolean {
  if (count < 0 || depth === DEEPEST) return false
  for (let i = 0; i < count; i += 1) if (!skipKey() || !skipValue(depth + 1)) return false
  return true
}

function skipKey(): boolean {
  const tag = next()
  if (tag >= 0xa0 && tag < 0xc0) return skip(tag & 0x1f)
  if (tag === 0xd9) return skip(next())
  return tag === 0xda && skip(size(2))
}

/** -1 beyond the end. */
function next(): number {
  return at < end ? (bytes[at++] ?? -1) : -1
}

/** A big-endian number; -1 beyond the end. */
function size(width: number): number {
  let value = 0
  for (let i = 0; i < width; i += 1) {
    const byte = next()
    if (byte < 0) return -1
    value = value * 256 + byte
  }
  return value
}

function skip(length: number): boolean {
  if (length < 0) return false
  at += length
  return at <= end
}
