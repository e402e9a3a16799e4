/*
 * How useMultiFileAuthState names its files: `<type>-<id>.json`, with `/` written as `__` and `:` as
 * `-`. That loses the difference between them, so a name is read back by what ids of its type look
 * like; one that does not look so is left alone rather than guessed.
 */

export const CREDS_FILE = 'creds.json'
const END = '.json'

/** Reads the part of a file's name after its type; undefined where it says no one id. */
type ReadId = (written: string) => string | undefined

const like =
  (shape: RegExp): ReadId =>
  (written) =>
    shape.test(written) && !written.includes('__') ? written : undefined

/** `12345.0` or, of another kind of user, `12345_1.0`. */
const address = like(/^[0-9A-Za-z.]+(?:_\d+)?\.\d+$/)
/** In a group's id a `-` is itself; elsewhere it could stand for the `:` before a device. */
const chat = like(/^(?:[\d-]+@g\.us|[0-9A-Za-z_.+]+@[a-z.]+)$/)

const IDS: Record<string, ReadId> = {
  'pre-key': like(/^\d+$/),
  session: address,
  'identity-key': address,
  /** `<group>::<user>::<device>` */
  'sender-key': (written) => {
    const [, group = '', user = '', device = ''] =
      /^(.+@[a-z.]+)--([0-9A-Za-z.]+(?:_\d+)?)--(\d+)$/.exec(written) ?? []
    return chat(group) === undefined ? undefined : `${group}::${user}::${device}`
  },
  'sender-key-memory': chat,
  /** Base64. */
  'app-state-sync-key': (written) => {
    const id = written.replaceAll('__', '/')
    return /^[A-Za-z0-9+/]+={0,2}$/.test(id) ? id : undefined
  },
  'app-state-sync-version': like(/^[a-z]+(?:_[a-z]+)*$/),
  'lid-mapping': like(/^[0-9A-Za-z.]+(?:_reverse)?$/),
  'device-list': like(/^[0-9A-Za-z_.+]+$/),
  /** `__index` lists the chats that have one. */
  tctoken: (written) => (written === '__index' ? written : chat(written)),
}

/** Longest first: `sender-key` begins the name of `sender-key-memory` too. */
const TYPES = Object.keys(IDS).toSorted((a, b) => b.length - a.length)

/** The name of the file in which stock Baileys keeps this value. */
export function fileNameOf(type: string, id: string): string {
  if (type === 'creds') return CREDS_FILE
  return `${type}-${id}${END}`.replaceAll('/', '__').replaceAll(':', '-')
}

export type FileKey =
  | { kind: 'key'; type: string; id: string }
  /** A file of another program, or of a type that Baileys 7 does not have. */
  | { kind: 'foreign' }
  /** Of this type, but which id it was cannot be told. */
  | { kind: 'lossy'; type: string }

/** Which value a file holds. */
export function keyOf(name: string): FileKey {
  if (name === CREDS_FILE) return { kind: 'key', type: 'creds', id: '' }
  if (!name.endsWith(END)) return { kind: 'foreign' }
  const type = TYPES.find((known) => name.startsWith(`${known}-`))
  if (type === undefined) return { kind: 'foreign' }
  const id = IDS[type]?.(name.slice(type.length + 1, -END.length))
  return id === undefined || fileNameOf(type, id) !== name
    ? { kind: 'lossy', type }
    : { kind: 'key', type, id }
}

/** Whether the value's file tells which value it is, so that it can be moved in again. */
export function readsBack(type: string, id: string): boolean {
  const key = keyOf(fileNameOf(type, id))
  return key.kind === 'key' && key.type === type && key.id === id
}
