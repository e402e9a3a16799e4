import type { Doubt } from './port.ts'

/** What is known of the keys beside the creds. */
interface KeyFacts {
  /** The highest id of a pre-key; 0 where there is none. */
  highestPreKey: number
  appStateKeys: readonly string[]
}

/**
 * Where creds and keys do not go together: the session logs in all the same, and something of it
 * will not work. Only what no moment of a sound session shows: creds are saved before the pre-keys
 * that they count, and after the app state key that they name; pre-keys vanish as they are used.
 */
export function doubtsOf(creds: unknown, { highestPreKey, appStateKeys }: KeyFacts): Doubt[] {
  const doubts: Doubt[] = []
  const next = valueOf(creds, 'nextPreKeyId')
  if (typeof next === 'number' && highestPreKey >= next)
    doubts.push({
      what: `its creds are older than its keys: the next pre-key is ${next}, although there is one ${highestPreKey}`,
      means:
        'the next upload would make pre-keys anew that WhatsApp has given out already, and the first messages of new contacts could not be read',
    })
  const appStateKey = valueOf(creds, 'myAppStateKeyId')
  if (typeof appStateKey === 'string' && appStateKey !== '' && !appStateKeys.includes(appStateKey))
    doubts.push({
      what: 'the app state key that its creds name is missing',
      means:
        'messages work; changes to chats (read, archived, muted) fail until the phone shares the key again',
    })
  return doubts
}

function valueOf(creds: unknown, name: string): unknown {
  return typeof creds === 'object' && creds !== null
    ? (creds as Record<string, unknown>)[name]
    : undefined
}
