import type { Kind } from './kinds.ts'

/** What computed defaults may look at. */
export interface Facts {
  env: Readonly<Record<string, string | undefined>>
  home: string
  /** The user's number; 0 is root. */
  uid: number
  hostname: string
}

/** The settings that later rows' defaults depend on; the table resolves from top to bottom. */
export interface Earlier {
  stateDir: string
  minioEndpoint: string | undefined
  backendUrl: string | undefined
  ack: 'local' | 'remote'
}

/** A default that depends on the machine or on earlier rows; `words` stand for it in the docs. */
export interface Computed<T> {
  words: string
  from(facts: Facts, earlier: Earlier): T
}

/** The part of a running daemon that takes a changed value. */
export type LivePart =
  | 'log'
  | 'recovery'
  | 'sessions'
  | 'stop'
  | 'backend'
  | 'backlog'
  | 'snapshots'
  | 'replica'
  | 'verify'
  | 'copy'

interface Row<T, K extends string> {
  /** The environment variable, which is also the setting's name in messages. */
  env: string
  /** `group.leaf` or `leaf`: the place in the file and in Config. */
  key: K
  kind: Kind<T>
  /** Never shown; may also come from `<env>_FILE` and systemd's credentials. */
  secret?: true
  /** Takes effect with `daemon reload`, in this part; the others when the daemon starts. */
  reload?: LivePart
  /** A sentence or two for the README; units included. */
  doc: string
}

/** One row of the table. `T` includes undefined when the row has no default. */
export interface Option<T, K extends string> extends Row<Exclude<T, undefined>, K> {
  fallback: { fixed: T } | Computed<T> | undefined
  /** For `.wa-gatewayrc.example`, as YAML. */
  example: string
}

/** A row of the table: a fixed default, a computed one, or none. */
export function option<T, const K extends string>(row: Row<T, K> & { default: T }): Option<T, K>
export function option<T, const K extends string>(
  row: Row<T, K> & { computed: Computed<T>; example: string },
): Option<T, K>
export function option<T, const K extends string>(
  row: Row<T, K> & { example: string },
): Option<T | undefined, K>
export function option<T, const K extends string>(
  row: Row<T, K> & { default?: T; computed?: Computed<T>; example?: string },
): Row<T, K> & { fallback: Option<T, K>['fallback']; example: string } {
  const { default: fixed, computed, example, ...rest } = row
  return Object.freeze({
    ...rest,
    fallback: fixed === undefined ? computed : { fixed },
    example: example ?? String(fixed),
  })
}
