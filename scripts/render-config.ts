// Writes what the tables of options, metrics, commands and methods say into documents and sources.
import { readFileSync, writeFileSync } from 'node:fs'
import { renderExample, renderReadme } from '../src/config/render.ts'
import { renderMetrics } from '../src/metrics/render.ts'
import { renderCliJson } from './render-cli-json.ts'
import { renderMan } from './render-man.ts'
import { renderTroubleshooting } from './render-troubleshooting.ts'
import { renderWire } from './render-wire.ts'

const readme = new URL('../README.md', import.meta.url)
writeFileSync(readme, renderReadme(readFileSync(readme, 'utf8')))
writeFileSync(new URL('../.wa-gatewayrc.example', import.meta.url), renderExample())
const metrics = new URL('../docs/METRICS.md', import.meta.url)
writeFileSync(metrics, renderMetrics(readFileSync(metrics, 'utf8')))
writeFileSync(new URL('../docs/wa-gateway.1', import.meta.url), await renderMan())
writeFileSync(new URL('../docs/CLI_JSON.md', import.meta.url), renderCliJson())
writeFileSync(new URL('../docs/TROUBLESHOOTING.md', import.meta.url), renderTroubleshooting())
writeFileSync(new URL('../src/control/wire-table.ts', import.meta.url), renderWire())
