import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { wa } from './cli.ts'

/** What the real program did with one command line. */
export interface Observed {
  stdout: string
  stderr: string
  status: number | undefined
  /** The packages that it loaded, and `fetch` where it loaded that of Node. */
  packages: string[]
}

/** Three hours after everything that the fake daemon tells. */
const NOW = Date.UTC(2025, 5, 1, 15)

/** Its clock stands still, so that ages are always the same, and it notes what it loads. */
const PRELOAD = `
const { registerHooks } = process.getBuiltinModule('node:module')
const { writeFileSync } = process.getBuiltinModule('node:fs')
Date.now = () => ${NOW}
const loaded = new Set()
registerHooks({
  load(url, context, next) {
    const found = /.*\\/node_modules\\/((@[^/]+\\/)?[^/]+)\\//.exec(url)
    if (found !== null) loaded.add(found[1])
    return next(url, context)
  },
})
process.on('exit', () => {
  if (process.moduleLoadList.some((one) => one.includes('undici'))) loaded.add('fetch')
  writeFileSync('loaded.json', JSON.stringify([...loaded].sort()))
})
`

/** Runs a command line in a directory of its own below `dir`, whose names are masked in what it says. */
export async function observe(
  argv: readonly string[],
  dir: string,
  name: string,
  env: Record<string, string>,
): Promise<Observed> {
  const cwd = join(dir, name.replaceAll(/[^\w-]+/g, '-'))
  await mkdir(cwd, { recursive: true })
  const { stdout, stderr, exitCode } = await wa(
    argv,
    {
      // One cache of compiled modules for all of them.
      XDG_CACHE_HOME: dir,
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(PRELOAD)}`,
      ...env,
    },
    { cwd },
  )
  const masked = (text: unknown) =>
    String(text)
      .replaceAll(cwd, 'CWD')
      .replaceAll(/\/tmp\/wa-\w+-\w+/g, 'DIR')
  return {
    stdout: masked(stdout),
    stderr: masked(stderr),
    status: exitCode,
    packages: JSON.parse(await readFile(join(cwd, 'loaded.json'), 'utf8')) as string[],
  }
}
