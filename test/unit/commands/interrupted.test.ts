import { expect, test } from 'vitest'
import { tellWhenInterrupted } from '../../../commands/shared/interrupted.ts'
import { GatewayError } from '../../../src/session/errors.ts'

const words = () => ({ message: 'stopped after 3 checks', hint: 'run it again' })

test('an interruption says what had been done, and any other error is what it was', async () => {
  const cause = new GatewayError({ code: 'interrupted', message: 'interrupted' })
  await expect(tellWhenInterrupted(() => Promise.reject(cause), words)).rejects.toMatchObject({
    code: 'interrupted',
    message: 'stopped after 3 checks',
    hint: 'run it again',
    cause,
  })
  const other = new GatewayError({ code: 'store.gone', message: 'gone' })
  await expect(tellWhenInterrupted(() => Promise.reject(other), words)).rejects.toBe(other)
  expect(await tellWhenInterrupted(async () => 7, words)).toBe(7)
})
