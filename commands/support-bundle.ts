import { writeFile } from 'node:fs/promises'
import { release } from 'node:os'
import { resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { inspectConfig } from '../src/config/load.ts'
import type { Examined } from '../src/doctor/doctor.ts'
import { errorToJson, GatewayError, toGatewayError } from '../src/session/errors.ts'
import { withDaemon, type Cli } from './shared/cli.ts'
import type { CommonOptions, Context, Define } from './shared/context.ts'
import { tarOf } from './shared/tar.ts'

const MORE = `
One file with what a person needs to help: versions, the settings without secrets, what doctor found,
the status of the worker and its sessions, recoveries, and the newest lines of the log. Phone numbers
are cut to their last three digits, names are left out. No key, token, QR code or text of a message
is in it; sessions' ids are. Without a daemon that answers, its parts say why.

Examples:
  $ wa-gateway support-bundle
  $ wa-gateway support-bundle --output /tmp/bundle.tar.gz
`

const LINES = 10_000
/** Fields that tell who somebody is. */
const PERSONAL = new Set(['phone', 'name', 'userId'])

export const define: Define = (command, context) => {
  command
    .option('--output <file>', 'where to, instead of a name with the time in this directory')
    .addHelpText('after', MORE)
    .action(async ({ output }: { output?: string }) =>
      withDaemon(command, context, async (cli) => {
        const at = Date.now()
        const stamp = new Date(at).toISOString().replaceAll(/[:.]/g, '-')
        const path = resolve(context.cwd, output ?? `wa-gateway-support-${stamp}.tar.gz`)
        const files = await collect(cli, command.optsWithGlobals<CommonOptions>(), context)
        await write(path, gzipSync(tarOf(files, at)))
        const names = files.map(({ name }) => name)
        cli.show({ written: path, files: names }, () => `${path} is written: ${names.join(', ')}\n`)
      }),
    )
}

type File = { name: string; text: string }

async function collect(cli: Cli, options: CommonOptions, context: Context): Promise<File[]> {
  const { client, signal } = cli
  const { env, cwd, version } = context
  const { problems, warnings, file, describe } = inspectConfig({
    env,
    cwd,
    configFile: options.config,
  })
  // All at once: a daemon that hangs costs the time of one answer.
  const asked = Promise.all([
    orError(client.call('status', {}, signal)),
    orError(client.call('recoveries.list', { limit: 100 }, signal)),
    orError(client.call('backup.list', {}, signal)),
    log(cli),
  ])
  const [checks, [status, recoveries, backups, lines]] = await Promise.all([
    examined(options, context, signal),
    asked,
  ])
  const versions = {
    version,
    node: process.version,
    system: `${process.platform} ${release()} ${process.arch}`,
  }
  return [
    json('versions.json', versions),
    json('config.json', { file, problems, warnings, settings: describe() }),
    json('doctor.json', { checks }),
    json('status.json', status),
    json('recoveries.json', recoveries),
    json('backups.json', backups),
    { name: 'log.ndjson', text: lines },
  ]
}

async function examined(
  options: CommonOptions,
  context: Context,
  signal: AbortSignal,
): Promise<Examined[]> {
  const { examination } = await import('./shared/examine.ts')
  const checks: Examined[] = []
  for await (const check of examination(options, context, signal)) checks.push(check)
  return checks
}

async function log({ client, signal }: Cli): Promise<string> {
  const lines: string[] = []
  const read = async () => {
    for await (const line of client.stream('logs', { lines: LINES }, signal))
      if (line.type === 'line') lines.push(`${JSON.stringify(line)}\n`)
    return lines.join('')
  }
  const found = await orError(read())
  return typeof found === 'string' ? found : `${JSON.stringify(found)}\n`
}

/** What was found, or why it was not: a part that is missing must not cost the others. */
async function orError<T>(asking: Promise<T>): Promise<T | { error: object }> {
  try {
    return await asking
  } catch (thrown) {
    const error = toGatewayError(thrown)
    if (error.code === 'interrupted' || error.code === 'operation.timeout') throw error
    return { error: errorToJson(error) }
  }
}

const json = (name: string, value: unknown): File => ({
  name,
  text: `${JSON.stringify(value, impersonal, 2)}\n`,
})

function impersonal(name: string, value: unknown): unknown {
  if (!PERSONAL.has(name) || typeof value !== 'string') return value
  return name === 'phone' ? `…${value.slice(-3)}` : '[left out]'
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST'
    throw new GatewayError({
      code: exists ? 'usage' : 'state.disk',
      subject: path,
      message: exists ? `${path} exists and is left alone` : `${path} could not be written`,
      hint: 'name a new file with --output, in a directory that you may write to',
      cause: exists ? undefined : error,
    })
  }
}
