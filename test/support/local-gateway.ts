import { onTestFinished } from 'vitest'
import { openAuthStore } from '../../src/authstate/open.ts'
import type { AckMode, AuthStore } from '../../src/authstate/port.ts'
import { StoreReplica } from '../../src/replica/replica.ts'
import { openFolderStore } from '../../src/store/folder.ts'

/** What is said of a worker's silence, soon enough for a test. */
const QUICK = { own: 30, other: 60, poll: 10 }

/** The replica over real files, without WhatsApp. */
export interface LocalGateway {
  auth: AuthStore
  replica: StoreReplica
  stop(): Promise<void>
}

/** Not started: nothing of it runs by itself. Stopped when the test ends, if it was not before. */
export async function openLocalGateway(options: {
  stateDir: string
  storeDir: string
  worker?: string
  ack?: AckMode
}): Promise<LocalGateway> {
  const { stateDir, storeDir, worker = 'w1', ack = 'local' } = options
  const auth = await openAuthStore({ stateDir, ack })
  const store = await openFolderStore(storeDir)
  const replica = new StoreReplica({ store, auth, worker, silenceTiming: QUICK })
  let stopped = false
  const stop = async (): Promise<void> => {
    if (stopped) return
    stopped = true
    await replica.stop()
    await auth.close()
    await store.close()
  }
  onTestFinished(stop)
  return { auth, replica, stop }
}
