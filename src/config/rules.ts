import { relative, isAbsolute, resolve } from 'node:path'
import { isLoopback } from './loopback.ts'
import { OPTION_NAMES, OPTIONS, type OptionName } from './options.ts'
import type { Problem } from './problem.ts'
import type { Resolved } from './resolve.ts'
import { parseStoreAddress } from './store-address.ts'

/** A Unix socket's path may have 107 bytes; longer ones are cut by the system, not refused. */
const SOCKET_BYTES = 107

const HOUR = 3_600_000

export interface RuleFindings {
  problems: Problem[]
  warnings: string[]
}

/** What each value allows by itself but the others contradict. */
export function checkRules(resolved: Resolved): RuleFindings {
  const findings: RuleFindings = { problems: [], warnings: [] }
  const { broken } = resolved
  // A value that could not be read has its own problem; nothing is concluded from its default.
  const judge = (names: readonly OptionName[], rule: (context: Context) => void) => {
    if (!names.some((name) => broken.has(name))) rule({ ...resolved, ...findings })
  }
  judge(['socket', 'stateDir'], checkSocket)
  judge(['storageKind', 'minioEndpoint'], checkStorage)
  judge(['storageKind', 'encryptionKey', 'allowPlaintext'], checkEncryption)
  judge(COPY_NAMES, checkCopy)
  judge(['ack', 'storageKind', 'storageDir', 'stateDir', 'minioEndpoint'], checkAck)
  judge(['keepWithin', 'keepHourly'], (context) => checkKeep(context, 'keepHourly', HOUR))
  judge(['keepWithin', 'keepDaily'], (context) => checkKeep(context, 'keepDaily', 24 * HOUR))
  judge(['shutdownTimeout', 'stopLimit'], checkStop)
  judge(['backendUrl', 'standalone'], checkBackend)
  judge(['httpAddress', 'httpAllowRemote'], checkHttp)
  judge(['whatsappUrl', 'whatsappRoot'], checkWhatsapp)
  return findings
}

interface Context extends Resolved, RuleFindings {}

const named = (name: OptionName) => OPTIONS[name].env

function isSet({ origins }: Context, name: OptionName): boolean {
  return origins[name].kind !== 'default'
}

/** `NAME (origin)`, for the other setting of a contradiction. */
function cite(context: Context, name: OptionName): string {
  return `${named(name)} (${context.origins[name].text})`
}

function refuse(context: Context, name: OptionName, message: string): void {
  context.problems.push({ setting: named(name), message, origin: context.origins[name].text })
}

/** Needed because of another setting, and nowhere given. */
function need(context: Context, name: OptionName, because: string): void {
  if (isSet(context, name) || context.broken.has(name)) return
  context.problems.push({ setting: named(name), message: `is missing: ${because}` })
}

function checkSocket(context: Context): void {
  const bytes = Buffer.byteLength(context.values.socket)
  if (bytes <= SOCKET_BYTES) return
  const source = isSet(context, 'socket') ? 'socket' : 'stateDir'
  refuse(
    context,
    source,
    `the socket's path ${context.values.socket} has ${bytes} bytes, and ${SOCKET_BYTES} is the limit: choose a shorter ${named('socket')}`,
  )
}

const isMinio = (name: OptionName): boolean => OPTIONS[name].key.startsWith('minio.')

function checkStorage(context: Context): void {
  const minio = OPTION_NAMES.filter((name) => isMinio(name) && isSet(context, name))
  if (context.values.storageKind === 'folder') {
    for (const name of minio)
      refuse(
        context,
        name,
        isSet(context, 'storageKind')
          ? `contradicts storage 'folder' of ${cite(context, 'storageKind')}: unset one of them`
          : `is set, but ${named('minioEndpoint')} is not: set it too, or unset this`,
      )
    return
  }
  const why = isSet(context, 'storageKind')
    ? `storage 's3' of ${cite(context, 'storageKind')} needs it`
    : `${cite(context, 'minioEndpoint')} chooses s3 storage, which needs it`
  need(context, 'minioEndpoint', why)
  need(context, 'minioAccessKey', why)
  need(context, 'minioSecretKey', why)
  if (isSet(context, 'storageDir'))
    refuse(
      context,
      'storageDir',
      `contradicts s3 storage: ${why.replace(/,? (which )?needs it$/, '')}`,
    )
}

function checkEncryption(context: Context): void {
  const { storageKind, encryptionKey, allowPlaintext } = context.values
  if (encryptionKey !== undefined) {
    if (allowPlaintext)
      context.warnings.push(
        `${cite(context, 'allowPlaintext')} is true: objects that are not encrypted are read too, so unset it once all are`,
      )
    return
  }
  if (storageKind === 'folder' || allowPlaintext) return
  const s3 = cite(context, isSet(context, 'storageKind') ? 'storageKind' : 'minioEndpoint')
  need(
    context,
    'encryptionKey',
    `${s3} stores sessions on another host, and whoever reads them owns the accounts. Make a key with \`openssl rand -base64 32\`, keep a copy of it elsewhere, and give it to every worker; or set ${named('allowPlaintext')}=true`,
  )
}

const COPY_NAMES = [
  'copyTo',
  'copyEndpoint',
  'storageKind',
  'storageDir',
  'minioEndpoint',
  'minioPort',
  'minioBucket',
  'minioPrefix',
  'encryptionKey',
  'allowPlaintext',
] as const

function checkCopy(context: Context): void {
  const { copyTo, storageKind, storageDir, encryptionKey, allowPlaintext } = context.values
  if (copyTo === undefined) {
    for (const name of ['copyInterval', 'copyPrune'] as const)
      if (isSet(context, name))
        context.warnings.push(
          `${cite(context, name)} is set, but ${named('copyTo')} is not: nothing is copied by itself`,
        )
    return
  }
  const address = parseStoreAddress(copyTo)
  if (address?.kind === 'folder') {
    const own = storageKind === 'folder' && resolve(address.dir) === storageDir
    if (own) refuse(context, 'copyTo', `${address.dir} is ${OWN_STORE}`)
    return
  }
  const why = `${cite(context, 'copyTo')} is in S3, which needs it`
  need(context, 'copyEndpoint', why)
  need(context, 'copyAccessKey', why)
  need(context, 'copySecretKey', why)
  const { copyEndpoint, copyPort, minioEndpoint, minioPort, minioBucket, minioPrefix } =
    context.values
  const sameBucket =
    storageKind === 's3' &&
    copyEndpoint === minioEndpoint &&
    copyPort === minioPort &&
    address?.bucket === minioBucket
  if (sameBucket && (address.prefix ?? '') === (minioPrefix ?? ''))
    refuse(context, 'copyTo', `${copyTo} is ${OWN_STORE}`)
  if (storageKind === 'folder' && encryptionKey === undefined && !allowPlaintext)
    need(
      context,
      'encryptionKey',
      `${cite(context, 'copyTo')} brings sessions to another host, and whoever reads them owns the accounts. Make a key with \`openssl rand -base64 32\` and keep a copy of it elsewhere; or set ${named('allowPlaintext')}=true`,
    )
}

const OWN_STORE = "this worker's own store: name another one, or unset it"

/** A copy that is lost together with the disk is none. */
function checkAck(context: Context): void {
  const { ack, storageKind, storageDir, stateDir } = context.values
  if (ack !== 'remote' || storageKind !== 'folder') return
  const way = relative(stateDir, storageDir)
  if (way === '..' || way.startsWith('../') || isAbsolute(way)) return
  const message = `'remote' is to survive the loss of this disk, but ${named('storageDir')} ${storageDir} lies in the state directory: store on another disk or set ${named('minioEndpoint')}`
  refuse(context, 'ack', message)
}

/** What keeps all of a time leaves nothing to do for what keeps some of it. */
function checkKeep(context: Context, name: 'keepHourly' | 'keepDaily', length: number): void {
  const { keepWithin, [name]: count } = context.values
  if (!isSet(context, name) || count === 0 || count * length > keepWithin) return
  const message = `keeps nothing that ${cite(context, 'keepWithin')} does not keep: make it longer or unset it`
  refuse(context, name, message)
}

/** Whoever kills the daemon in the middle of its stop leaves sessions that are not stored. */
function checkStop(context: Context): void {
  const { shutdownTimeout, stopLimit } = context.values
  if (stopLimit === undefined || shutdownTimeout < stopLimit) return
  const message = `${shutdownTimeout} is not less than ${stopLimit} of ${cite(context, 'stopLimit')}, after which the daemon is killed: shorten the one, or raise the other together with the service manager's own limit`
  refuse(context, 'shutdownTimeout', message)
}

function checkBackend(context: Context): void {
  const { backendUrl, standalone } = context.values
  if (backendUrl === undefined) {
    if (!standalone) {
      const because = `${cite(context, 'standalone')} is false, so there must be a backend`
      need(context, 'backendUrl', because)
    } else if (isSet(context, 'backendToken') && !isSet(context, 'standalone'))
      context.warnings.push(
        `${cite(context, 'backendToken')} is set, but ${named('backendUrl')} is not: the worker runs standalone`,
      )
    return
  }
  if (standalone) {
    const message = `contradicts ${cite(context, 'backendUrl')}: a standalone worker has no backend; unset one of them`
    refuse(context, 'standalone', message)
    return
  }
  need(context, 'backendToken', `${cite(context, 'backendUrl')} needs it`)
  need(context, 'backendEndpoint', `${cite(context, 'backendUrl')} needs it`)
}

function checkHttp(context: Context): void {
  const { httpAddress, httpAllowRemote } = context.values
  if (httpAddress === undefined) {
    if (isSet(context, 'httpToken'))
      context.warnings.push(
        `${cite(context, 'httpToken')} is set, but ${named('httpAddress')} is not: the HTTP API stays off`,
      )
    return
  }
  need(context, 'httpToken', `${cite(context, 'httpAddress')} needs it`)
  if (isLoopback(httpAddress.host) || httpAllowRemote) return
  refuse(
    context,
    'httpAddress',
    `'${httpAddress.host}' is reached from other hosts, and the API speaks no TLS: listen on 127.0.0.1 behind a TLS proxy, or set ${named('httpAllowRemote')}=true`,
  )
}

function checkWhatsapp(context: Context): void {
  const { whatsappUrl, whatsappRoot } = context.values
  if (whatsappRoot === undefined) return
  const { hostname } = new URL(whatsappUrl)
  if (!isLoopback(hostname))
    refuse(
      context,
      'whatsappRoot',
      `is only for a simulator on this host, but ${cite(context, 'whatsappUrl')} is ${hostname}`,
    )
}
