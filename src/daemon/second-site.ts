import { isAbsolute } from 'node:path'
import type { Config } from '../config/config.ts'
import type { Event, Input } from '../control/api.ts'
import { copyStore } from '../replica/copy/copy.ts'
import { GatewayError } from '../session/errors.ts'
import { openStore } from '../store/open.ts'
import type { ObjectStore } from '../store/port.ts'
import { probeConditionalWrites } from '../store/probe.ts'
import { Attended } from './attended.ts'
import type { Encryption } from './encryption.ts'
import { Meter } from './meter.ts'

type Copied = Event<'backup.copy'>

/** Copies between the worker's store and others, one copy at a time. */
export class SecondSite {
  readonly #config: Config
  readonly #own: { store: ObjectStore; encryption: Encryption }
  readonly #attended: Attended<Copied>

  constructor(
    config: Config,
    own: { store: ObjectStore; encryption: Encryption },
    stopping: AbortSignal,
  ) {
    this.#config = config
    this.#own = own
    this.#attended = new Attended('a copy', stopping)
  }

  /** Ends when nobody attends it any more; what was copied by then stays. */
  copy(
    input: Input<'backup.copy'>,
    caller: { emit(event: Copied): void; signal: AbortSignal },
  ): Promise<void> {
    return this.#attended.attend(JSON.stringify(input), caller, (emit, signal) =>
      this.#run(input, emit, signal),
    )
  }

  async #run(
    { store: text, direction, sessions, prune = false }: Input<'backup.copy'>,
    emit: (event: Copied) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { store, encryption } = this.#own
    const other = await openOther(text, this.#config)
    try {
      await other.check({ signal })
      if (direction === 'to') await probeConditionalWrites(other, { signal })
      const meter = new Meter(emit)
      const summary = await copyStore(
        {
          own: { store, sealer: encryption.sealer },
          other,
          direction,
          keks: encryption.keks,
          acceptPlaintext: this.#config.encryption.allowPlaintext,
          prune,
          signal,
          ...(sessions && { sessionIds: sessions }),
        },
        {
          onTotal: (total) => meter.set({ total }),
          onPut: (bytes) => meter.add(bytes),
          onSession: (session) => {
            meter.step({ failed: session.outcome === 'failed' })
            emit({ type: 'session', ...session })
          },
        },
      )
      meter.flush()
      emit({ type: 'end', summary })
    } finally {
      await other.close()
    }
  }
}

/** `folder:/path`, or `s3://bucket/prefix` at the endpoint of the configuration. */
async function openOther(text: string, { copy, encryption }: Config): Promise<ObjectStore> {
  const [, dir] = /^folder:(.+)$/.exec(text) ?? []
  if (dir !== undefined && isAbsolute(dir)) return openStore({ kind: 'folder', dir })
  const [, bucket, prefix] =
    /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*?))?\/*$/.exec(text) ?? []
  if (bucket === undefined)
    throw new GatewayError({
      code: 'usage',
      subject: text,
      message: `'${text}' is no store`,
      hint: 'write folder:/path, or s3://bucket or s3://bucket/prefix',
    })
  const { endpoint, accessKey, secretKey, port, useSsl, region } = copy
  if (endpoint === undefined || accessKey === undefined || secretKey === undefined)
    throw new GatewayError({
      code: 'config.invalid',
      message: `the daemon does not know how to reach ${text}`,
      hint: 'set WA_GATEWAY_COPY_ENDPOINT, WA_GATEWAY_COPY_ACCESS_KEY and WA_GATEWAY_COPY_SECRET_KEY (or …_FILE) and restart it',
    })
  if (encryption.key === undefined && !encryption.allowPlaintext)
    throw new GatewayError({
      code: 'config.invalid',
      message: `what this worker stores is not encrypted, and whoever reads ${text} would own the accounts`,
      hint: 'set WA_GATEWAY_ENCRYPTION_KEY; or WA_GATEWAY_ALLOW_PLAINTEXT=true',
    })
  return openStore({
    kind: 's3',
    endpoint,
    port,
    useSSL: useSsl,
    accessKey: accessKey.reveal(),
    secretKey: secretKey.reveal(),
    bucket,
    region,
    ...(prefix !== undefined && prefix !== '' && { prefix }),
  })
}
