import type { HostPort } from './kinds.ts'
import { OPTION_NAMES, OPTIONS, type OptionName, type ValueOf, type Values } from './options.ts'
import type { Secret } from './secret.ts'

type KeyOf<N extends OptionName> = (typeof OPTIONS)[N]['key']

/** The settings of one group, by the last part of their keys. */
type Group<G extends string> = {
  readonly [N in OptionName as KeyOf<N> extends `${G}.${infer Leaf}` ? Leaf : never]: ValueOf<N>
}
type GroupName =
  KeyOf<OptionName> extends infer K ? (K extends `${infer G}.${string}` ? G : never) : never

/** The table's rows nested by their keys: `recovery.timeout` is at `recovery` and `timeout`. */
type Nested = { readonly [G in GroupName]: Group<G> } & {
  readonly [
    N in OptionName as KeyOf<N> extends `${string}.${string}` ? never : KeyOf<N>
  ]: ValueOf<N>
}

type With<T, K extends keyof T> = Omit<T, K> & { readonly [P in K]-?: Exclude<T[P], undefined> }

export type StorageConfig =
  | { readonly kind: 'folder'; readonly dir: string }
  | ({ readonly kind: 's3' } & With<Group<'minio'>, 'endpoint' | 'accessKey' | 'secretKey'>)

type BackendConfig =
  | { readonly kind: 'standalone' }
  | ({ readonly kind: 'http' } & With<
      Omit<Group<'backend'>, 'standalone'>,
      'url' | 'token' | 'endpoint'
    >)

type HttpConfig =
  | { readonly kind: 'off' }
  | { readonly kind: 'on'; readonly host: string; readonly port: number; readonly token: Secret }

/**
 * The configuration as the rest of the program sees it, frozen. A row of the table appears in its
 * group by itself; `storage`, `backend` and `http` are unions, whose parts exist only where they
 * mean something.
 */
export type Config = Omit<Nested, 'minio' | 'storage' | 'backend' | 'http' | 'registry'> & {
  readonly registry: { readonly kind: 'sqlite'; readonly file: string }
  readonly storage: StorageConfig
  readonly backend: BackendConfig
  readonly http: HttpConfig
}

/** Builds Config from values that passed every rule. */
export function buildConfig(values: Values): Config {
  const { minio, storage, backend, http, registry, ...rest } = nest(values)
  return deepFreeze({
    ...rest,
    registry: { kind: 'sqlite', file: registry },
    storage: storageOf(minio, storage),
    backend: backendOf(backend),
    http: httpOf(http.address, http.token),
  })
}

function nest(values: Values): Nested {
  const tree: Record<string, unknown> = {}
  for (const name of OPTION_NAMES) {
    const [group, leaf] = OPTIONS[name].key.split('.')
    if (group === undefined) continue
    if (leaf === undefined) tree[group] = values[name]
    else tree[group] = { ...(tree[group] as object | undefined), [leaf]: values[name] }
  }
  return tree as unknown as Nested
}

function storageOf(minio: Group<'minio'>, storage: Group<'storage'>): StorageConfig {
  if (storage.kind === 'folder') return { kind: 'folder', dir: storage.dir }
  const { endpoint, accessKey, secretKey } = minio
  return {
    ...minio,
    kind: 's3',
    endpoint: present(endpoint, 'minio.endpoint'),
    accessKey: present(accessKey, 'minio.accessKey'),
    secretKey: present(secretKey, 'minio.secretKey'),
  }
}

function backendOf({ standalone, ...backend }: Group<'backend'>): BackendConfig {
  if (standalone) return { kind: 'standalone' }
  return {
    ...backend,
    kind: 'http',
    url: present(backend.url, 'backend.url'),
    token: present(backend.token, 'backend.token'),
    endpoint: present(backend.endpoint, 'backend.endpoint'),
  }
}

function httpOf(address: HostPort | undefined, token: Secret | undefined): HttpConfig {
  if (address === undefined) return { kind: 'off' }
  return { kind: 'on', ...address, token: present(token, 'http.token') }
}

function present<T>(value: T | undefined, key: string): T {
  if (value === undefined) throw new TypeError(`${key} passed the rules without a value`)
  return value
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}
