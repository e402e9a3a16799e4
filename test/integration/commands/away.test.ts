import { createServer } from 'node:http'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { main } from '../../../commands/main.ts'
import { daemonCommands } from '../../support/examples.ts'
import { startFakeDaemon } from '../../support/fake-daemon.ts'
import { leaveStaleSocket, silentServer } from '../../support/sockets.ts'
import { terminal } from '../../support/terminal.ts'
import { filesOf, linkedState } from '../../unit/transfer/states.ts'

/** Readable to every user. */
const HANDED = await mkdtemp(join(tmpdir(), 'wa-import-'))
const COMMANDS = [
  ...(await daemonCommands()),
  // It reads what is to be imported before it asks.
  { name: 'session import', argv: ['session', 'import', HANDED, '--as', 'zoe'] },
]
/** `wait` waits for a daemon that is away; all others end. */
const ENDING = COMMANDS.filter(({ name }) => name !== 'wait')

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wa-away-'))
  for (const [name, bytes] of filesOf(linkedState())) await writeFile(join(HANDED, name), bytes)
  await chmod(HANDED, 0o755)
})
afterAll(() => Promise.all([dir, HANDED].map((each) => rm(each, { recursive: true, force: true }))))

const run = async (argv: readonly string[], socket: string, more: string[] = []) => {
  const { context, stdout, stderr } = terminal({ env: { WA_GATEWAY_SOCKET: socket } })
  const status = await main([...argv, ...more], context)
  return { status, stdout: stdout(), stderr: stderr() }
}

/** What each command answered: the same for all of them. */
async function expectAll(
  socket: string,
  status: number,
  said: RegExp,
  commands = ENDING,
  more: string[] = [],
): Promise<void> {
  const answers = await Promise.all(
    commands.map(async ({ name, argv }) => ({ name, ...(await run(argv, socket, more)) })),
  )
  const wrong = answers.filter(
    (answer) => answer.status !== status || !said.test(answer.stderr) || answer.stdout !== '',
  )
  expect(wrong).toEqual([])
  expect(answers.length).toBeGreaterThan(20)
}

test('none runs', () =>
  expectAll(
    join(dir, 'none.sock'),
    6,
    /^error: no daemon is running: there is no socket at \S+\n(because: .*\n)?try: start it with `wa-gateway daemon`/m,
  ))

test('one was killed and left its socket', async () => {
  const socket = join(dir, 'stale.sock')
  await leaveStaleSocket(socket)
  await expectAll(socket, 6, /nobody listens behind[^]*try: start it .* replaces the stale socket/)
})

test('the path is no socket, or can be none', async () => {
  const file = join(dir, 'file')
  await writeFile(file, '')
  await expectAll(file, 6, /file is no socket\n[^]*try: name the socket/)
  await expectAll(join(file, 'x'), 6, /cannot be a socket\n[^]*try: name the socket/)
})

test('this user may not use the socket', async () => {
  const away = join(dir, 'locked')
  await mkdir(away)
  const socket = join(away, 'control.sock')
  await using _ = await silentServer(socket)
  await chmod(away, 0)
  // Root may enter everywhere, so another user asks. The commands are loaded already.
  const user = process.geteuid?.()
  if (user === 0) process.seteuid?.(65_534)
  onTestFinished(() => chmod(away, 0o700))
  try {
    await expectAll(
      socket,
      4,
      /this user may not use the socket[^]*try: run it as the daemon's user/,
    )
  } finally {
    if (user === 0) process.seteuid?.(0)
  }
})

test('it hangs', async () => {
  const socket = join(dir, 'hung.sock')
  await using _ = await silentServer(socket)
  await expectAll(socket, 6, /does not answer\n[^]*try: .*restart it/)
}, 60_000)

test('it hangs longer than --timeout allows', async () => {
  const socket = join(dir, 'slow.sock')
  await using _ = await silentServer(socket)
  await expectAll(socket, 7, /error: [^]*try: /, COMMANDS, ['--timeout', '0.2'])
})

test('a pairing at one that hangs ends soon after its --timeout', async () => {
  const socket = join(dir, 'hung-pairing.sock')
  await using _ = await silentServer(socket)
  const ended: string[] = []
  const asked = async (...argv: string[]) => {
    expect(await run(argv, socket)).toMatchObject({ status: 7 })
    ended.push(argv.join(' '))
  }
  await Promise.all([
    asked('session', 'pair', 'zoe', '--timeout', '0.2'),
    asked('status', '--timeout', '4'),
  ])
  expect(ended[0]).toMatch(/^session pair/)
})

test('it speaks another protocol', async () => {
  const socket = join(dir, 'other.sock')
  const server = createServer((_, response) => {
    response.writeHead(200, { 'wa-gateway-version': '9.0.0', 'wa-gateway-protocol': '99' })
    response.end('{}')
  })
  server.listen(socket)
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  await expectAll(
    socket,
    1,
    /runs version 9\.0\.0, this is 0\.1\.0\n[^]*try: run the same version/,
    COMMANDS,
  )
})

test('it is older or newer: a warning says which side to renew, and the work is done', async () => {
  for (const [version, advice] of [
    [
      '0.0.9',
      /^warning: the daemon runs version 0\.0\.9, this command is 0\.1\.0: restart the daemon/,
    ],
    [
      '0.10.0',
      /^warning: the daemon runs version 0\.10\.0, this command is 0\.1\.0: install 0\.10\.0/,
    ],
  ] as const) {
    await using daemon = await startFakeDaemon(version)
    const { status, stdout, stderr } = await run(['session', 'list'], daemon.socketPath)
    expect([status, stdout.includes('anna')]).toEqual([0, true])
    expect(stderr).toMatch(advice)
  }
})

test('a name that was probably meant is suggested', async () => {
  await using daemon = await startFakeDaemon()
  const { status, stderr } = await run(['session', 'pause', 'ana'], daemon.socketPath)
  expect(status).toBe(5)
  expect(stderr).toMatch(/try: did you mean anna\? Else see/)
})
