import { onTestFinished } from 'vitest'
import type { Environment } from './gateway.ts'
import { StrictBackend } from './strict-backend.ts'

/** A strict backend that is up until the test ends, and the settings of a worker that has it. */
export async function openBackend(
  token?: string,
): Promise<{ backend: StrictBackend; env: Environment }> {
  const backend = new StrictBackend(token)
  await backend.up()
  onTestFinished(() => backend.down())
  const env = {
    BACKEND_URL: backend.url,
    WORKER_AUTH_TOKEN: backend.token,
    WORKER_ENDPOINT: 'http://worker.test:8080',
  }
  return { backend, env }
}
