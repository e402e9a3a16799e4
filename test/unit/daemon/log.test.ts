import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { createLogger, setLevel } from '../../../src/daemon/log.ts'

function collect(isTTY: boolean): Writable & { isTTY: boolean; text: string } {
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      sink.text += chunk.toString()
      done()
    },
  })
  const sink = Object.assign(stream, { isTTY, text: '' })
  return sink
}

function failure(): Error {
  const cause = Object.assign(new Error('the disk is full'), { code: 'ENOSPC' })
  const error = new Error('could not be stored', { cause })
  return Object.assign(error, { data: { private: 'SECRET' }, output: { payload: 'SECRET' } })
}

test('JSON lines name the session and the chain of causes, and never what an error carries', () => {
  const sink = collect(false)
  createLogger('info', sink).child({ session: 'anna' }).error({ err: failure() }, 'failed')
  const line = JSON.parse(sink.text) as Record<string, unknown>
  expect(line).toMatchObject({
    msg: 'failed',
    session: 'anna',
    err: { message: 'could not be stored', cause: { message: 'the disk is full', code: 'ENOSPC' } },
  })
  expect(sink.text).not.toContain('SECRET')
})

test('a terminal gets a line for a person', () => {
  const sink = collect(true)
  createLogger('info', sink).error({ err: failure(), session: 'anna' }, 'failed')
  expect(sink.text).toMatch(
    /^\d\d:\d\d:\d\d ERROR failed: could not be stored: the disk is full session=anna\n$/,
  )
})

test('what is below the level is not written', () => {
  const sink = collect(false)
  createLogger('warn', sink).info('hello')
  expect(sink.text).toBe('')
})

test('a session keeps its id whatever it looks like, and a phone number loses its digits', () => {
  const sink = collect(false)
  const log = createLogger('info', sink)
  const jid = '491701234567@s.whatsapp.net'
  log.child({ session: jid }).info({ phone: '491701234567' }, `wrote to ${jid}`)
  log.info({ session: jid, to: '491701234567:3@s.whatsapp.net' }, 'wrote')
  const lines = sink.text.split('\n', 2).map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(lines[0]).toMatchObject({
    session: jid,
    phone: '…567',
    msg: 'wrote to …567@s.whatsapp.net',
  })
  expect(lines[1]).toMatchObject({ session: jid, to: '…567:3@s.whatsapp.net' })
})

test('the configured secrets are in no line, wherever they came from', () => {
  const sink = collect(false)
  const secret = 'pass"word\\of the store'
  const log = createLogger('info', sink, [secret, '0'])
  log.info({ url: `http://x/?q=${encodeURIComponent(secret)}` }, `${secret} 10`)
  log.child({ from: secret }).error(new Error(`refused: ${secret}`))
  expect(sink.text).not.toContain('word')
  expect(sink.text).toContain('[hidden] 10')
  expect(sink.text).toContain('refused: [hidden]')
})

test('a changed level holds for the loggers of sessions too', () => {
  const sink = collect(false)
  const logger = createLogger('info', sink)
  const child = logger.child({ session: 'anna' })
  child.debug('unheard')
  setLevel(logger, 'debug')
  child.debug('heard')
  logger.debug('heard')
  expect(sink.text.match(/heard/g)).toHaveLength(2)
  expect(sink.text).not.toContain('unheard')
})
