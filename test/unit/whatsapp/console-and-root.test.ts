import { WA_CERT_DETAILS } from '@whiskeysockets/baileys'
import { describe, expect, onTestFinished, test } from 'vitest'
import { trustCertificateRoot } from '../../../src/whatsapp/hooks/certificate-root.ts'
import { quietConsole, suppressedConsoleLines } from '../../../src/whatsapp/hooks/quiet-console.ts'

describe('the certificate root', () => {
  const root = 'ab'.repeat(32)

  test.each(['ws://127.0.0.1:1/ws', 'ws://[::1]:1/ws', 'ws://localhost:1/ws'])(
    'is taken for %s',
    (url) => {
      const original = WA_CERT_DETAILS.PUBLIC_KEY
      onTestFinished(() => {
        WA_CERT_DETAILS.PUBLIC_KEY = original
      })
      trustCertificateRoot(root, url)
      expect(Buffer.from(WA_CERT_DETAILS.PUBLIC_KEY).toString('hex')).toBe(root)
    },
  )

  test.each([
    'wss://web.whatsapp.com/ws/chat',
    'ws://127.0.0.1.example.com/ws',
    'ws://localhost.example.com/ws',
    'ws://127.0.0.1@example.com/ws',
    'ws://10.0.0.1/ws',
  ])('is refused for %s', (url) => {
    const before = Buffer.from(WA_CERT_DETAILS.PUBLIC_KEY)
    expect(() => trustCertificateRoot(root, url)).toThrow(
      expect.objectContaining({ code: 'config.invalid' }),
    )
    expect(Buffer.from(WA_CERT_DETAILS.PUBLIC_KEY)).toEqual(before)
  })
})

test('the console says nothing until it is given back', () => {
  const written: string[] = []
  const write = process.stdout.write.bind(process.stdout)
  const error = process.stderr.write.bind(process.stderr)
  onTestFinished(() => {
    process.stdout.write = write
    process.stderr.write = error
  })
  const note = (text: unknown) => {
    written.push(String(text))
    return true
  }
  process.stdout.write = note
  process.stderr.write = note
  const before = suppressedConsoleLines()
  const methods = { ...console }
  const giveBack = quietConsole()
  for (const name of ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir'] as const) {
    console[name]('a private key')
  }
  giveBack()
  expect(written).toEqual([])
  expect(suppressedConsoleLines() - before).toBe(7)
  expect({ ...console }).toEqual(methods)
})
