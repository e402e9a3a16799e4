import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { renderExample } from '../../src/config/render.ts'
import { GatewayError } from '../../src/session/errors.ts'
import type { CommonOptions, Define } from '../shared/context.ts'

const MORE = `
Writes a file with every setting, its default and its meaning, all commented out; readable to you
alone, as it may come to hold secrets. A file that is there already is left alone.

Examples:
  $ wa-gateway config init
  $ wa-gateway config init /etc/wa-gateway/config.yaml
  $ wa-gateway config init --print | less
`

export const define: Define = (command, context) => {
  command
    .argument('[file]', 'where to', '.wa-gatewayrc')
    .option('--print', 'to stdout instead')
    .addHelpText('after', MORE)
    .action(async (file: string, { print }: { print?: boolean }) => {
      const { json } = command.optsWithGlobals<CommonOptions>()
      const text = renderExample()
      if (print === true) {
        context.stdout.write(json === true ? `${JSON.stringify({ text })}\n` : text)
        return
      }
      const path = resolve(context.cwd, file)
      await write(path, text)
      context.stdout.write(
        json === true
          ? `${JSON.stringify({ written: path })}\n`
          : `${path} is written; take the # away from what you change, then run \`wa-gateway config validate\`\n`,
      )
    })
}

async function write(path: string, text: string): Promise<void> {
  try {
    if (!existsSync(dirname(path))) await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const exists = code === 'EEXIST'
    throw new GatewayError({
      code: exists ? 'usage' : code === 'EACCES' ? 'state.permission' : 'state.disk',
      subject: path,
      message: exists ? `${path} exists and is left alone` : `${path} could not be written`,
      hint: exists
        ? 'name another file, or see all settings with --print'
        : 'name a file that you may write',
      cause: exists ? undefined : error,
    })
  }
}
