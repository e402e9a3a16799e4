import { execFileSync } from 'node:child_process'

/** Vitest's global set-up: tests that start real processes run what `npm run build` makes. */
export default function build(): void {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' })
}
