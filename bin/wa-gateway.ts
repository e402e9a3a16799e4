#!/usr/bin/env node
// No static imports: an older Node must get as far as this message.
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  process.stderr.write(
    `wa-gateway needs Node 24 or newer, this is ${process.versions.node}\ntry: install Node 24 from https://nodejs.org\n`,
  )
  process.exitCode = 78
} else {
  // Some libraries look at FORCE_COLOR alone.
  if (process.env['NO_COLOR']) process.env['FORCE_COLOR'] = '0'
  await rememberCompiled()
  const { run } = await import('../commands/process.ts')
  // React is several times slower without it; the configuration must not take it for a setting.
  const env = { ...process.env }
  process.env['NODE_ENV'] ??= 'production'
  process.exitCode = await run(env)
  // Baileys leaves timers of up to 30 s behind every socket; nothing waits for them.
  setTimeout(() => process.exit(), 250).unref()
}

/** Modules are compiled once for each user, not at each start; a directory that others may write to would be theirs to fill. */
async function rememberCompiled(): Promise<void> {
  const { HOME, XDG_CACHE_HOME } = process.env
  const cache = XDG_CACHE_HOME || (HOME && `${HOME}/.cache`)
  if (!cache?.startsWith('/')) return
  const { enableCompileCache } = await import('node:module')
  // Where it cannot be written to it does without.
  enableCompileCache(`${cache}/wa-gateway`)
}
