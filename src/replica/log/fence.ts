import { pack } from 'msgpackr'
import * as z from 'zod'
import { slotName, type BootId } from '../names.ts'
import { assertFormat, damaged, type ObjectAddress } from '../object.ts'
import { withKeys, type Sealer } from '../sealer.ts'
import { unpackSmall } from './content.ts'

/** Ends a boot's log: it stands where the next bundle would have been, for ever. */
export interface Fence {
  writeId: string
  /** Who put it there. */
  by: BootId
  /** Milliseconds since the epoch. */
  at: number
}

const FORMAT = 1

const schema = z.strictObject({
  format: z.literal(FORMAT),
  writeId: z.string().min(1),
  by: z.strictObject({ worker: z.string(), boot: z.string() }),
  at: z.int().nonnegative(),
})

export function encodeFence(sealer: Sealer, boot: BootId, slot: number, fence: Fence): Uint8Array {
  const address: ObjectAddress = { name: slotName(boot, slot), kind: 'fence' }
  return sealer.seal(address, 'none', pack({ format: FORMAT, ...fence }))
}

/** Throws `replica.damaged` unless the bytes are the sound fence of this very slot. */
export async function decodeFence(
  sealer: Sealer,
  boot: BootId,
  slot: number,
  bytes: Uint8Array,
): Promise<Fence> {
  const address: ObjectAddress = { name: slotName(boot, slot), kind: 'fence' }
  const opened = await withKeys(sealer, () => sealer.open(address, bytes))
  const content = unpackSmall(address, opened)
  assertFormat(address, content, FORMAT)
  const parsed = schema.safeParse(content)
  if (!parsed.success) throw damaged(address, 'its content has another shape', parsed.error)
  const { writeId, by, at } = parsed.data
  return { writeId, by, at }
}
