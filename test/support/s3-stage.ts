import { onTestFinished } from 'vitest'
import { BUNDLE } from './bundle-names.ts'
import type { Environment } from './gateway.ts'
import { startS3Stub, type S3Stub } from './s3-stub.ts'
import { openStage, type Stage } from './stage.ts'

export const BUCKET = 'whatsapp-sessions'

export interface S3Stage {
  stage: Stage
  s3: S3Stub
}

/** Slots that are empty although the same log has later ones. */
export function missingSlots(s3: S3Stub): string[] {
  const slots = [...s3.objects(BUCKET).keys()].filter((name) => BUNDLE.test(name))
  const logs = Map.groupBy(slots, (name) => name.slice(0, name.lastIndexOf('/')))
  return [...logs].flatMap(([log, names]) => {
    const numbers = new Set(names.map((name) => Number(name.slice(log.length + 1))))
    return Array.from({ length: Math.max(...numbers) }, (_, slot) => slot)
      .filter((slot) => !numbers.has(slot))
      .map((slot) => `${log}/${slot}`)
  })
}

/** A store that fails on demand, until the test ends. */
async function openS3(): Promise<S3Stub> {
  const s3 = await startS3Stub({ buckets: [BUCKET] })
  onTestFinished(() => s3.close())
  return s3
}

/** The settings of a daemon that keeps its sessions there. */
function settingsFor(s3: S3Stub): Environment {
  return {
    MINIO_ENDPOINT: s3.endpoint,
    MINIO_PORT: String(s3.port),
    MINIO_ACCESS_KEY: s3.accessKey,
    MINIO_SECRET_KEY: s3.secretKey,
  }
}

/** A stage whose daemons keep their sessions, encrypted, in an S3 store that fails on demand. */
export async function openS3Stage(sessions: number, env: Environment = {}): Promise<S3Stage> {
  const s3 = await openS3()
  const stage = await openStage({
    sessions,
    env: {
      ...settingsFor(s3),
      LOG_LEVEL: 'warn',
      ...env,
    },
  })
  return { stage, s3 }
}
