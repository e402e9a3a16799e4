import { GatewayError } from '../session/errors.ts'

/** What a backup may be called: never anything that looks like an id. */
export const BACKUP_NAME = /^(?!\d+-\d+$)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

interface Identified {
  id: string
  name?: string | undefined
}

/** The backup of this id or name. Throws `replica.missing`. */
export function findBackup<T extends Identified>(
  backups: readonly T[],
  sessionId: string,
  word: string,
): T {
  const found = backups.find(({ id, name }) => id === word || name === word)
  if (found !== undefined) return found
  throw new GatewayError({
    code: 'replica.missing',
    subject: sessionId,
    message: `'${sessionId}' has no backup '${word}'`,
    hint: `run \`wa-gateway backup list --session ${sessionId}\``,
  })
}

/** Throws `usage` where a backup has the name, unless it is the one that is named again. */
export function assertFree(
  backups: readonly Identified[],
  sessionId: string,
  name: string,
  again: string | undefined,
): void {
  const taken = backups.find((backup) => backup.name === name && backup.id !== again)
  if (taken === undefined) return
  throw new GatewayError({
    code: 'usage',
    subject: sessionId,
    message: `'${sessionId}' has a backup '${name}' already: ${taken.id}`,
    hint: 'choose another name',
  })
}

/** The same under this name. Throws `usage` where it has another one. */
export function named<T extends { name?: string }>(ref: T, sessionId: string, name: string): T {
  if (ref.name === undefined || ref.name === name) return { ...ref, name }
  throw new GatewayError({
    code: 'usage',
    subject: sessionId,
    message: `'${sessionId}' has not changed since its backup '${ref.name}'`,
    hint: `use that one, or make another after the next change`,
  })
}
