import { pack } from 'msgpackr'
import * as z from 'zod'
import { isSessionId } from '../../session/ids.ts'
import type { ReplicaContext } from '../context.ts'
import { wantName, type BootId } from '../names.ts'
import { assertFormat, damaged, type ObjectAddress } from '../object.ts'
import type { Wanted } from './port.ts'
import { withKeys, type Sealer } from '../sealer.ts'
import { conditionalWrite } from '../swap.ts'
import { unpackSmall } from './content.ts'

const FORMAT = 1

const schema = z.strictObject({
  format: z.literal(FORMAT),
  writeId: z.string().min(1),
  wants: z
    .array(
      z.strictObject({
        sessionId: z.string().refine(isSessionId),
        worker: z.string(),
        boot: z.string(),
        at: z.int().nonnegative(),
      }),
    )
    .max(10_000),
})

type WantList = z.infer<typeof schema>
type WantContext = Pick<
  ReplicaContext,
  'store' | 'sealer' | 'clock' | 'timing' | 'worker' | 'newWriteId'
>

const TRIES = 5

/** Leaves a request to release the session with the boot that owns it. It may not be heard. */
export async function ask(
  context: WantContext & Pick<ReplicaContext, 'auth'>,
  owner: BootId,
  sessionId: string,
  signal?: AbortSignal,
): Promise<void> {
  const { worker, auth, clock } = context
  const mine: Wanted = { sessionId, worker, boot: auth.boot, at: clock.wall() }
  const isMine = (want: Wanted): boolean =>
    want.sessionId === sessionId && want.worker === worker && want.boot === mine.boot
  await change(
    context,
    owner,
    (wants) => (wants.some(isMine) ? undefined : [...wants, mine]),
    signal,
  )
}

/** What others ask this boot for. Requests for sessions that it no longer holds are struck out. */
export async function readWants(
  context: WantContext,
  me: BootId,
  holds: (sessionId: string) => boolean,
  signal?: AbortSignal,
): Promise<Wanted[]> {
  let heard: Wanted[] = []
  await change(
    context,
    me,
    (wants) => {
      heard = wants.filter(({ sessionId }) => holds(sessionId))
      return heard.length === wants.length ? undefined : heard
    },
    signal,
  )
  return heard
}

/** `edit` returns the new list, or undefined to leave it. */
async function change(
  context: WantContext,
  owner: BootId,
  edit: (wants: Wanted[]) => Wanted[] | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { store, sealer, clock, timing, newWriteId } = context
  const name = wantName(owner)
  for (let tries = 0; tries < TRIES; tries++) {
    const object = await store.get(name, signal && { signal })
    const there = object === undefined ? [] : (await decode(sealer, owner, object.bytes)).wants
    const wants = edit(there)
    if (wants === undefined) return
    const writeId = newWriteId()
    const payload = pack({ format: FORMAT, writeId, wants })
    const outcome = await conditionalWrite(store, clock, timing, {
      name,
      bytes: sealer.seal({ name, kind: 'want' }, 'none', payload),
      etag: object?.etag,
      isOwn: async (bytes) => (await decode(sealer, owner, bytes)).writeId === writeId,
      signal,
    })
    if (outcome.kind === 'stored') return
  }
}

/** Throws `replica.damaged` unless it is sound. */
async function decode(sealer: Sealer, owner: BootId, bytes: Uint8Array): Promise<WantList> {
  const address: ObjectAddress = { name: wantName(owner), kind: 'want' }
  const opened = await withKeys(sealer, () => sealer.open(address, bytes))
  const content = unpackSmall(address, opened)
  assertFormat(address, content, FORMAT)
  const parsed = schema.safeParse(content)
  if (!parsed.success) throw damaged(address, 'its content has another shape', parsed.error)
  return parsed.data
}
