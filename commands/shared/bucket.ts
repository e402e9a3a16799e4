import { homedir, hostname } from 'node:os'
import { CONFIG_VARIABLE, readEnvironment } from '../../src/config/environment.ts'
import { configPlaces, readConfigFile } from '../../src/config/file.ts'
import { OPTIONS } from '../../src/config/options.ts'
import { ConfigError } from '../../src/config/problem.ts'
import { resolveOptions } from '../../src/config/resolve.ts'
import { GatewayError } from '../../src/session/errors.ts'
import type { CommonOptions, Context } from './context.ts'

export interface BucketFlags {
  bucket?: string
  /** `host` or `host:port`. */
  endpoint?: string
  tls?: boolean
  region?: string
}

const NEEDED = [
  'minioEndpoint',
  'minioPort',
  'minioUseSsl',
  'minioAccessKey',
  'minioSecretKey',
  'minioBucket',
  'minioRegion',
] as const

/**
 * How to reach a bucket: flags, then the MINIO_* settings as the daemon takes them. The keys come
 * from the settings alone. Other settings may be wrong or missing.
 */
export function locateBucket(
  { bucket, endpoint, tls, region }: BucketFlags,
  { config }: CommonOptions,
  context: Context,
) {
  const { env, cwd } = context
  const environment = readEnvironment(env, cwd)
  const path = config ?? env[CONFIG_VARIABLE]
  const origin = config === undefined ? `environment ${CONFIG_VARIABLE}` : 'flag --config'
  const found = readConfigFile(
    path ? { path, origin } : undefined,
    configPlaces(cwd, homedir()),
    cwd,
  )
  const [, host, port] = /^(.*?)(?::(\d+))?$/.exec(endpoint ?? '') ?? []
  const { values, broken, problems } = resolveOptions({
    flags: {
      minioEndpoint: host === '' ? undefined : host,
      minioPort: port,
      minioUseSsl: tls === true ? 'true' : undefined,
      minioBucket: bucket,
      minioRegion: region,
    },
    environment,
    file: found.file,
    facts: { env, home: homedir(), uid: process.getuid?.() ?? -1, hostname: hostname() },
    cwd,
  })
  if (NEEDED.some((name) => broken.has(name)))
    throw new ConfigError([...environment.problems, ...problems])
  const { minioEndpoint, minioAccessKey, minioSecretKey } = values
  if (minioEndpoint === undefined) throw missing('--endpoint', OPTIONS.minioEndpoint.env)
  if (minioAccessKey === undefined) throw missing('an access key', OPTIONS.minioAccessKey.env)
  if (minioSecretKey === undefined) throw missing('a secret key', OPTIONS.minioSecretKey.env)
  return {
    endpoint: minioEndpoint,
    port: values.minioPort,
    useSSL: values.minioUseSsl,
    accessKey: minioAccessKey.reveal(),
    secretKey: minioSecretKey.reveal(),
    bucket: values.minioBucket,
    region: values.minioRegion,
  }
}

function missing(what: string, variable: string): GatewayError {
  return new GatewayError({
    code: 'usage',
    message: `the bucket needs ${what}`,
    hint: `set ${variable} for this command, or ${variable}_FILE where it is a secret`,
  })
}
