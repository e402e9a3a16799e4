// Writes what the options table says into README.md and .wa-gatewayrc.example.
import { readFileSync, writeFileSync } from 'node:fs'
import { renderExample, renderReadme } from '../src/config/render.ts'

const readme = new URL('../README.md', import.meta.url)
writeFileSync(readme, renderReadme(readFileSync(readme, 'utf8')))
writeFileSync(new URL('../.wa-gatewayrc.example', import.meta.url), renderExample())
