import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startFakeDaemon, TOKEN, type FakeDaemon } from '../../support/fake-daemon.ts'
import { session } from '../../support/fake-methods.ts'

const README = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')

/** The `curl` command lines of the README, with those that go on in the next line in one. */
const COMMANDS = README.replaceAll(/\\\n\s+/g, '')
  .split('\n')
  .flatMap((line) => (line.startsWith('$ curl ') ? [line.slice('$ curl '.length)] : []))

/** The options of curl that the README uses. */
function parse(command: string) {
  const words = [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? (double ?? bare ?? '').replaceAll('$TOKEN', TOKEN),
  )
  const headers: Record<string, string> = {}
  let body: string | undefined
  let method: string | undefined
  let socket: string | undefined
  let url: URL | undefined
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '-N') continue
    const value = () => words.shift() ?? ''
    if (word === '-H') {
      const [name = '', content = ''] = value().split(': ')
      headers[name] = content
    } else if (word === '-d') body = value()
    else if (word === '-X') method = value()
    else if (word === '--unix-socket') socket = value()
    else url = new URL(word)
  }
  if (url === undefined) throw new Error(`no URL in ${command}`)
  return { method: method ?? (body === undefined ? 'GET' : 'POST'), headers, body, socket, url }
}

let daemon: FakeDaemon
beforeEach(async () => {
  daemon = await startFakeDaemon()
  daemon.sessions.set('shop-1', session('shop-1'))
})
afterEach(() => daemon.close())

test('there are examples for both ways to the API', () => {
  expect(COMMANDS.some((command) => command.includes('--unix-socket'))).toBe(true)
  expect(COMMANDS.some((command) => command.includes('http://127.0.0.1:8080'))).toBe(true)
})

test.each(COMMANDS)('curl %s', async (command) => {
  const { method, headers, body, socket, url } = parse(command)
  const path = `${url.pathname}${url.search}`
  const { hostname, port } = new URL(daemon.httpUrl)
  const target = socket === undefined ? { hostname, port } : { socketPath: daemon.socketPath }
  const sent = request({ ...target, path, method, headers })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  expect(response.statusCode).toBe(200)
  response.destroy()
})
