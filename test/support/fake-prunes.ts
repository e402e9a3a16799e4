import type { MethodHandlers } from '../../src/control/handlers.ts'
import type { PrunedBackup } from '../../src/replica/port.ts'
import { GatewayError } from '../../src/session/errors.ts'

const AT = Date.UTC(2025, 5, 1, 12)

/** `anna` has a backup to spare; `ben` belongs to another worker. A policy keeps less than configured. */
export function fakePrunes(): Pick<MethodHandlers, 'backup.prune'> {
  return {
    'backup.prune': async (
      { sessions = ['anna', 'ben'], policy, dryRun = false, ...input },
      to,
    ) => {
      const stricter = policy !== undefined
      if (stricter && !dryRun && input.confirmed !== true)
        throw new GatewayError({ code: 'usage', message: 'not confirmed' })
      const mine = sessions.filter((id) => id !== 'ben')
      for (const sessionId of sessions) {
        const [newest, older] = [backup(sessionId, 40, true), backup(sessionId, 31, false)]
        const pruned = mine.includes(sessionId)
          ? ({ outcome: 'pruned', kept: [newest], dropped: [older], leftovers: 1 } as const)
          : ({ outcome: 'skipped', kept: [newest, older], dropped: [], leftovers: 0 } as const)
        const bytes = pruned.outcome === 'pruned' ? 2_048 : 0
        const detail = bytes === 0 ? { detail: "worker 'two' owns it" } : {}
        const lists = { kept: [...pruned.kept], dropped: [...pruned.dropped] }
        to.emit({ type: 'pruned', pruned: { sessionId, ...pruned, ...lists, bytes, ...detail } })
      }
      const counts = { sessions: sessions.length, backups: mine.length, leftovers: mine.length }
      const skipped = sessions.length - mine.length
      const summary = { ...counts, bytes: 2_048 * mine.length, skipped, failed: 0 }
      to.emit({ type: 'end', summary: { dryRun, stricter, ...summary } })
    },
  }
}

function backup(sessionId: string, seq: number, newest: boolean): PrunedBackup {
  return {
    id: `2-${seq}`,
    sessionId,
    epoch: 2,
    seq,
    hash: 'ab'.repeat(32),
    createdAt: AT,
    changedAt: AT,
    size: 1_024,
    keys: 4,
    trigger: 'interval',
    newest,
    reasons: newest ? ['newest', 'last'] : ['no rule keeps it'],
  }
}
