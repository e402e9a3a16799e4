import { pack } from 'msgpackr'
import * as z from 'zod'
import type { RequestOptions } from '../../store/port.ts'
import type { ReplicaContext } from '../context.ts'
import { lowName, type BootId } from '../names.ts'
import { assertFormat, damaged, type ObjectAddress } from '../object.ts'
import { withKeys } from '../sealer.ts'
import { conditionalWrite } from '../swap.ts'
import { unpackSmall } from './content.ts'

/** The first slot of a boot's log that must still be there, with the etag to replace it under. */
export interface KnownLow {
  low: number
  etag: string | undefined
}

const FORMAT = 1

const schema = z.strictObject({
  format: z.literal(FORMAT),
  low: z.int().nonnegative(),
  writeId: z.string().min(1),
})

type LowContext = Pick<ReplicaContext, 'store' | 'sealer' | 'clock' | 'timing' | 'newWriteId'>

/** 0 where nothing was ever collected. Throws `replica.damaged` unless it is sound. */
export async function readLow(
  { store, sealer }: Pick<ReplicaContext, 'store' | 'sealer'>,
  boot: BootId,
  options?: RequestOptions,
): Promise<KnownLow> {
  const object = await store.get(lowName(boot), options)
  if (object === undefined) return { low: 0, etag: undefined }
  const { low } = await decodeLow(sealer, boot, object.bytes)
  return { low, etag: object.etag }
}

/** False where another write came first. */
export async function swapLow(
  context: LowContext,
  boot: BootId,
  low: number,
  previous: KnownLow,
  options: RequestOptions = {},
): Promise<boolean> {
  const { store, sealer, clock, timing } = context
  const name = lowName(boot)
  const writeId = context.newWriteId()
  const payload = pack({ format: FORMAT, low, writeId })
  const outcome = await conditionalWrite(store, clock, timing, {
    name,
    bytes: sealer.seal({ name, kind: 'low' }, 'none', payload),
    etag: previous.etag,
    isOwn: async (bytes) => (await decodeLow(sealer, boot, bytes)).writeId === writeId,
    ...options,
  })
  return outcome.kind === 'stored'
}

async function decodeLow(
  sealer: ReplicaContext['sealer'],
  boot: BootId,
  bytes: Uint8Array,
): Promise<z.infer<typeof schema>> {
  const address: ObjectAddress = { name: lowName(boot), kind: 'low' }
  const opened = await withKeys(sealer, () => sealer.open(address, bytes))
  const content = unpackSmall(address, opened)
  assertFormat(address, content, FORMAT)
  const parsed = schema.safeParse(content)
  if (!parsed.success) throw damaged(address, 'its content has another shape', parsed.error)
  return parsed.data
}
