import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { StoreReplica } from '../../src/replica/replica.ts'
import { openStore, type StoreConfig } from '../../src/store/open.ts'
import { temporaryDirectory } from '../support/authstate.ts'
import { MemoryAuthStore } from '../support/memory-auth-store.ts'
import { PruneLoop } from '../support/prune-loop.ts'
import { seeded } from '../support/random.ts'
import { startS3Stub } from '../support/s3-stub.ts'

const ROUNDS = Number(process.env['WA_GATEWAY_CHAOS_ROUNDS'] ?? 3)
const SEED = Number(process.env['WA_GATEWAY_CHAOS_SEED'] ?? 1)
const LIMIT = 150_000 + ROUNDS * 60_000
const BUCKET = 'whatsapp-sessions'
const SESSIONS = ['anna', 'ben', 'carl', 'dora']

async function s3Stub(): Promise<StoreConfig> {
  const s3 = await startS3Stub({ buckets: [BUCKET] })
  onTestFinished(() => s3.close())
  const { endpoint, port, accessKey, secretKey, region } = s3
  return {
    kind: 's3',
    endpoint,
    port,
    useSSL: false,
    accessKey,
    secretKey,
    region,
    bucket: BUCKET,
    prefix: undefined,
  }
}

const STORES: [string, () => Promise<StoreConfig>][] = [
  ['a folder', async () => ({ kind: 'folder', dir: join(temporaryDirectory(), 'objects') })],
  ['S3', s3Stub],
]

test.each(STORES)(
  `%s: ${ROUNDS} rounds of pruning, folds, releases and kills, each with the loss of the disk, lose nothing (seed ${SEED})`,
  async (_, storeConfig) => {
    const config = await storeConfig()
    const random = seeded(SEED)
    const loop = new PruneLoop(config, SESSIONS, random)
    onTestFinished(() => loop.end())
    const store = await openStore(config)
    onTestFinished(() => store.close())
    const auth = new MemoryAuthStore()
    const reader = new StoreReplica({ store, auth, worker: 'reader' })
    loop.sweep()
    for (let round = 0; round < ROUNDS; round++) {
      const stateDir = temporaryDirectory()
      await loop.hold(stateDir)
      await loop.untilHeard(random() * 150)
      await sleep(random() * 20)
      if (random() < 0.5) await loop.killSweeper()
      await loop.killHolder()
      rmSync(stateDir, { recursive: true })
      for (const id of SESSIONS) loop.judge.backups(id, await reader.backups(id))
      await reader.verify({ sessionIds: SESSIONS }, (check) => loop.judge.verified(check))
      loop.sweep()
      if (round % 20 === 19)
        process.stdout.write(`${JSON.stringify({ round, ...loop.judge.summary })}\n`)
    }
    await loop.hold(temporaryDirectory())
    process.stdout.write(`${JSON.stringify(loop.judge.summary)}\n`)
    expect(loop.judge.harm).toEqual([])
    expect(loop.judge.summary['acked']).toBeGreaterThan(0)
  },
  LIMIT,
)
