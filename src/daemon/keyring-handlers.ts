import type { MethodHandlers } from '../control/handlers.ts'
import type { Keyring, KeyInfo } from '../replica/crypto/keyring.ts'
import { given } from '../session/given.ts'
import type { WorkerState } from './state.ts'

/** What the control API calls to see and change the keys that encrypt what is stored. */
export function keyringHandlers(
  worker: WorkerState,
): Pick<
  MethodHandlers,
  'backup.key.list' | 'backup.key.add' | 'backup.key.rotate' | 'backup.key.rewrap'
> {
  return {
    'backup.key.list': async () => {
      const { keyring } = worker.encryption
      await keyring.refresh()
      return keyringView(keyring)
    },

    'backup.key.add': async () => {
      const { keyring } = worker.encryption
      await keyring.add()
      return keyringView(keyring)
    },

    'backup.key.rotate': async (input) => {
      const { keyring } = worker.encryption
      await keyring.rotate(given(input))
      return keyringView(keyring)
    },

    'backup.key.rewrap': async () => {
      const { keyring } = worker.encryption
      await keyring.rewrap()
      return keyringView(keyring)
    },
  }
}

export function keyringView(keyring: Keyring): { keys: KeyInfo[]; lockedWith: string } {
  return { keys: keyring.list(), lockedWith: keyring.kek }
}
