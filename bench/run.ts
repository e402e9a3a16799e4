/*
 * Runs the benchmarks, each contender in a process of its own, into bench/results.json and
 * docs/BENCHMARKS.md. `npm run bench`, or `npm run bench -- writes` for one of them.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { cpus, loadavg, totalmem } from 'node:os'
import { promisify } from 'node:util'

import { table, type Row } from './report.ts'

interface Bench {
  /** bench/<name>.ts; one that is not there is passed over. */
  name: string
  title: string
  /** Arguments of each process. What it prints is a row a line, as JSON, or text as it is. */
  runs: string[][]
  /** How often all runs take their turn; the row with the middle `column` counts. */
  rounds?: number
  /** How many times `column` is that of the row `against` which shares the value of `within`. */
  ratio?: { column: string; against: string; within: string }
}

const BENCHES: Bench[] = [
  {
    name: 'writes',
    title: 'Durable key writes, 200 sessions writing',
    runs: ['contact', 'message'].flatMap((shape) =>
      ['files', 'ours', 'syncedFiles'].map((name) => [name, shape]),
    ),
    rounds: 3,
    ratio: { column: 'key writes/s', against: 'files', within: 'keys a change' },
  },
  {
    name: 'sends',
    title: 'Messages of one account over a store that takes 20 ms',
    runs: [
      ...['1', '16'].flatMap((contacts) => [
        ['plain', 'sent', contacts],
        ['ours', 'sent', contacts],
      ]),
      ['plain', 'received'],
      ['ours', 'received'],
      ['ours', 'received', '1', '1000'],
    ],
    ratio: { column: 'messages/s', against: 'plain', within: 'messages' },
  },
  {
    name: 'recovery',
    title: 'From process start to all sessions online',
    runs: [['100'], ['300'], ['1000']],
  },
  {
    name: 'shipping',
    title: 'The log in the object store, by busy sessions',
    runs: ['10', '100', '1000'].map((sessions) => [sessions]),
  },
  {
    name: 'memory',
    title: 'Resident memory a session',
    runs: ['handles', 'online'].flatMap((kind) =>
      ['100', '300', '1000'].map((sessions) => [kind, sessions]),
    ),
  },
  {
    name: 'stopping',
    title: 'From SIGTERM to the end',
    runs: ['folder', 'rgw'].flatMap((store) =>
      ['100', '300', '1000'].map((sessions) => [sessions, store]),
    ),
  },
  {
    name: 'dashboard',
    title: 'The dashboard over busy sessions',
    runs: [
      ['80', '24', '200'],
      ['200', '60', '200'],
      ['80', '24', '0'],
      ['200', '60', '0'],
    ],
  },
  {
    name: 'cli-start',
    title: 'From command line to its end',
    runs: ['node', 'version', 'help', 'config', 'status', 'backups', 'complete'].map((name) => [
      name,
    ]),
    rounds: 3,
    ratio: { column: 'ms', against: 'node', within: 'of' },
  },
  {
    name: 'verify',
    title: 'Verification of everything, beside reading and decrypting the same objects',
    runs: [['100'], ['500']],
  },
  { name: 'restore', title: 'Cold restore of a lost host', runs: [['300'], ['1000']] },
]

interface Result {
  title: string
  date: string
  /** `load`: processes that ran or waited, over the last minute, before and after. */
  machine: { processors: string; memory: string; node: string; load: string }
  rows: Row[]
  text: string
}

const RESULTS = new URL('results.json', import.meta.url)
const PAGE = new URL('../docs/BENCHMARKS.md', import.meta.url)
const BEGIN = '<!-- results: npm run bench -->'
const END = '<!-- end of results -->'

const run = promisify(execFile)

function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1)
}

function fileOf({ name }: Bench): URL {
  return new URL(`${name}.ts`, import.meta.url)
}

async function measure(bench: Bench): Promise<Result> {
  const loadBefore = load()
  const found: { rows: Row[]; text: string }[][] = bench.runs.map(() => [])
  for (let round = 0; round < (bench.rounds ?? 1); round++)
    for (const [i, args] of bench.runs.entries()) {
      process.stderr.write(`${bench.name} ${args.join(' ')}\n`)
      const { stdout } = await run(process.execPath, [fileOf(bench).pathname, ...args])
      found[i]?.push(parse(stdout))
    }
  const middles = found.map((rounds) => middle(rounds, bench.ratio?.column))
  const rows = middles.flatMap((one) => one.rows)
  return {
    title: bench.title,
    date: new Date().toISOString().slice(0, 10),
    machine: {
      processors: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`,
      memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
      node: process.version,
      load: `${loadBefore} to ${load()}`,
    },
    rows: rows.map((row) => withRatio(row, rows, bench.ratio)),
    text: middles.map((one) => one.text).join(''),
  }
}

function parse(output: string): { rows: Row[]; text: string } {
  const lines = output.split('\n').filter((line) => line !== '')
  const rows = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Row)
  const rest = lines.filter((line) => !line.startsWith('{'))
  return { rows, text: rest.map((line) => `${line}\n`).join('') }
}

function middle<T extends { rows: Row[] }>(rounds: T[], column = ''): T {
  const value = (one: T) => Number(one.rows[0]?.[column] ?? 0)
  const sorted = rounds.toSorted((a, b) => value(a) - value(b))
  const found = sorted[Math.floor(sorted.length / 2)]
  if (found === undefined) throw new Error('nothing was measured')
  return found
}

function withRatio(row: Row, rows: Row[], ratio: Bench['ratio']): Row {
  if (ratio === undefined) return row
  const { column, against, within } = ratio
  const base = rows.find((one) => one.name === against && one[within] === row[within])
  const times = Number(row[column]) / Number(base?.[column])
  return { ...row, [`times ${against}`]: Math.round(times * 10) / 10 }
}

function section({ title, date, machine, rows, text }: Result): string {
  const { processors, memory, node, load: busy } = machine
  const figures = rows.length > 0 ? table(rows) : ''
  const words = text === '' || text.startsWith('|') ? text : `\`\`\`text\n${text}\`\`\`\n`
  return `## ${title}\n\n${date}, ${processors}, ${memory}, Node ${node}, load ${busy}.\n\n${figures}${words}`
}

const asked = process.argv.slice(2)
const results: Record<string, Result> = existsSync(RESULTS)
  ? (JSON.parse(await readFile(RESULTS, 'utf8')) as Record<string, Result>)
  : {}
for (const bench of BENCHES) {
  if (!existsSync(fileOf(bench)) || (asked.length > 0 && !asked.includes(bench.name))) continue
  const result = await measure(bench)
  results[bench.name] = result
  process.stdout.write(`${section(result)}\n`)
}
await writeFile(RESULTS, `${JSON.stringify(results, null, 2)}\n`)
const page = await readFile(PAGE, 'utf8')
const [before = '', rest = ''] = page.split(BEGIN)
const after = rest.split(END)[1] ?? '\n'
const sections = Object.values(results).map(section).join('\n')
await writeFile(PAGE, `${before}${BEGIN}\n\n${sections}\n${END}${after}`)
