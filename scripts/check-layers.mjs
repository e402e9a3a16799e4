// Runs dependency-cruiser and insists that it really read something: with an unsupported
// TypeScript it cruises nothing and still exits 0.
import { spawnSync } from 'node:child_process'

const run = spawnSync(
  'depcruise',
  [
    'bin',
    'commands',
    'src',
    'test',
    '--config',
    '.dependency-cruiser.cjs',
    '--output-type',
    'err-long',
  ],
  { encoding: 'utf8' },
)
process.stdout.write(run.stdout)
process.stderr.write(run.stderr)
const modules = Number(/\((\d+) modules/.exec(run.stdout)?.[1] ?? 0)
if (run.status === 0 && modules < 20) {
  process.stderr.write(
    `dependency-cruiser read ${modules} modules: its TypeScript support is broken\n`,
  )
  process.exit(1)
}
process.exit(run.status ?? 1)
