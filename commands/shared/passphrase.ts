import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { PASSPHRASE_VARIABLE } from '../../src/config/environment.ts'
import { worldReadable } from '../../src/config/readable.ts'
import { GatewayError } from '../../src/session/errors.ts'
import { ask } from './ask.ts'
import type { Context } from './context.ts'

/** Fewer characters are guessed; the account is behind them. */
const SHORTEST = 12

export interface PassphraseOptions {
  /** --passphrase-file */
  file: string | undefined
  /** It is chosen now: asked for twice, and refused where it is short. */
  fresh: boolean
}

/**
 * The passphrase of portable files: from --passphrase-file, WA_GATEWAY_PASSPHRASE or its _FILE, or
 * asked for without showing it. Never from an argument, which every user of the host can read.
 */
export async function passphrase(
  { file, fresh }: PassphraseOptions,
  context: Context,
): Promise<string> {
  const { env, cwd } = context
  const path = file ?? env[`${PASSPHRASE_VARIABLE}_FILE`]
  const given = path ? readPassphrase(resolve(cwd, path), context) : env[PASSPHRASE_VARIABLE]
  const words = given || (context.canAsk ? await chosen(fresh, context) : undefined)
  if (words === undefined)
    throw new GatewayError({
      code: 'usage',
      message: 'portable files want a passphrase',
      hint: `give --passphrase-file, or ${PASSPHRASE_VARIABLE} in the environment`,
    })
  if (fresh && words.length < SHORTEST)
    throw new GatewayError({
      code: 'usage',
      message: `the passphrase has fewer than ${SHORTEST} characters`,
      hint: 'take some words, or `openssl rand -base64 24`',
    })
  return words
}

function readPassphrase(path: string, { stderr }: Context): string {
  try {
    const words = readFileSync(path, 'utf8').replace(/\r?\n$/, '')
    if (words === '') throw new Error('it is empty')
    if (worldReadable(path))
      stderr.write(`warning: every user of this host can read ${path}: chmod 600 ${path}\n`)
    return words
  } catch (cause) {
    throw new GatewayError({
      code: 'usage',
      subject: path,
      message: `the passphrase cannot be read from ${path}`,
      cause,
    })
  }
}

async function chosen(twice: boolean, context: Context): Promise<string> {
  const words = await ask('Passphrase: ', context, { hidden: true })
  if (!twice || (await ask('The same again: ', context, { hidden: true })) === words) return words
  throw new GatewayError({ code: 'usage', message: 'the two are not the same', hint: 'try again' })
}
