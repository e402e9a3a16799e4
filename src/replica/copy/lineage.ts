import { GatewayError } from '../../session/errors.ts'
import type { OwnerRecord } from '../owner.ts'

type Known = Pick<OwnerRecord, 'epoch' | 'boot' | 'seq' | 'writeId' | 'removed'>

/**
 * How the record at the destination stands to the one at the source:
 *
 *   absent   there is none
 *   same     it is a copy of this very record
 *   older    it is a copy of an earlier one, so it may be replaced
 *   newer    it is a copy of a later one: the source was put back, or is itself an older copy
 *   used     it is none that the source ever had: somebody took the session up there
 */
export type Lineage = 'absent' | 'same' | 'older' | 'newer' | 'used'

/** `knowsBoot`: the boot that the record at the destination names has written at the source. */
export function lineageOf(source: Known, there: Known | undefined, knowsBoot: boolean): Lineage {
  if (there === undefined) return 'absent'
  if (there.writeId === source.writeId) return 'same'
  if (!knowsBoot) return 'used'
  if (there.epoch !== source.epoch) return there.epoch < source.epoch ? 'older' : 'newer'
  if (there.removed !== source.removed) return source.removed ? 'older' : 'newer'
  if (there.boot !== source.boot) return 'used'
  return there.seq <= source.seq ? 'older' : 'newer'
}

export function usedThere(subject: string, label: string): GatewayError {
  return new GatewayError({
    code: 'replica.stale',
    subject,
    message: `${label} was used by a worker since it was copied to (${subject}): nothing there is replaced`,
    hint: 'copy to an empty store; or, where that worker goes on with the sessions, copy from it with `wa-gateway backup copy --from`',
  })
}
