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
  const { rememberCompiled } = await import('./compile-cache.ts')
  rememberCompiled(process.env)
  const { run } = await import('../commands/process.ts')
  // React is several times slower without it; the configuration must not take it for a setting.
  const env = { ...process.env }
  process.env['NODE_ENV'] ??= 'production'
  process.exitCode = await run(env)
  // Baileys leaves timers of up to 30 s behind every socket; nothing waits for them.
  setTimeout(() => process.exit(), 250).unref()
}
