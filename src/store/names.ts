import { GatewayError } from '../session/errors.ts'

const MAX_NAME_BYTES = 900
/** File systems take 255 bytes in one name; the folder adapter adds a mark to it. */
const MAX_PART_BYTES = 200
const PART = /^[A-Za-z0-9._@+-]+$/

/** Throws `store.bad-name` unless the name is one that every adapter can hold (port.ts). */
export function checkName(name: string): void {
  const fault = nameFault(name)
  if (fault !== undefined) throw badName(name, fault)
}

export function isName(name: string): boolean {
  return nameFault(name) === undefined
}

/** A prefix is the beginning of a name: whole parts, then perhaps part of one. */
export function checkPrefix(prefix: string): void {
  const { directory, rest } = splitPrefix(prefix)
  const fault =
    (directory === '' ? undefined : nameFault(directory.slice(0, -1))) ??
    (rest === '' || PART.test(rest)
      ? undefined
      : 'it has a character outside A-Z a-z 0-9 . _ @ + -')
  if (fault !== undefined) throw badName(prefix, fault)
}

/** For listParts: empty (the top), or whole parts with a '/' behind them. */
export function checkPartsPrefix(prefix: string): void {
  if (prefix !== '' && !prefix.endsWith('/')) throw badName(prefix, "it does not end with '/'")
  checkPrefix(prefix)
}

/** `a/b/c` into directory `a/b/` and rest `c`. */
export function splitPrefix(prefix: string): { directory: string; rest: string } {
  const end = prefix.lastIndexOf('/') + 1
  return { directory: prefix.slice(0, end), rest: prefix.slice(end) }
}

function nameFault(name: string): string | undefined {
  if (name.length > MAX_NAME_BYTES) return `it is longer than ${MAX_NAME_BYTES} bytes`
  for (const part of name.split('/')) {
    if (part === '') return 'it has an empty part'
    if (part === '.' || part === '..') return `it has a part '${part}'`
    if (part.length > MAX_PART_BYTES) return `it has a part longer than ${MAX_PART_BYTES} bytes`
    if (!PART.test(part)) return 'it has a character outside A-Z a-z 0-9 . _ @ + -'
  }
  return undefined
}

function badName(name: string, fault: string): GatewayError {
  const shown = JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name)
  return new GatewayError({
    code: 'store.bad-name',
    message: `${shown} cannot name a stored object: ${fault}`,
    subject: name.slice(0, 80),
    hint: "names are parts of A-Z a-z 0-9 . _ @ + - joined by '/'",
  })
}
