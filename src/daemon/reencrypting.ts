import type { Event } from '../control/api.ts'
import type { MethodHandlers } from '../control/handlers.ts'
import { systemClock } from '../replica/clock.ts'
import { usesOf, type KeyUse } from '../replica/reencrypt/in-use.ts'
import { reencrypt } from '../replica/reencrypt/reencrypt.ts'
import { SWAP_TIMING } from '../replica/swap.ts'
import { GatewayError } from '../session/errors.ts'
import { Attended } from './attended.ts'
import { assertConfirmed } from './confirm.ts'
import { keyringView } from './keyring-handlers.ts'
import { Meter } from './meter.ts'
import type { WorkerState } from './state.ts'

/** What the control API calls to leave a key behind. */
export function reencrypting({
  encryption,
  store,
  stopping,
}: WorkerState): Pick<MethodHandlers, 'backup.key.reencrypt' | 'backup.key.remove'> {
  const rewriting = new Attended<Event<'backup.key.reencrypt'>>('a re-encryption', stopping)
  return {
    'backup.key.reencrypt': async (_, caller) => {
      const { keyring, sealer } = encryption
      await keyring.refresh()
      await rewriting.attend('', caller, async (emit, signal) => {
        const meter = new Meter(emit)
        const context = { store, sealer, clock: systemClock, timing: SWAP_TIMING, signal }
        const summary = await reencrypt(
          { ...context, activeKey: () => keyring.active.id },
          {
            onTotal: (total) => meter.set({ total, what: 'objects' }),
            onObject: (object, result) => {
              const { outcome } = result
              meter.step({
                failed: outcome === 'failed',
                ...(result.outcome === 'rewritten' && { bytes: result.bytes }),
              })
              if (result.outcome === 'failed')
                emit({ type: 'failed', object, detail: result.detail })
            },
          },
        )
        meter.flush()
        emit({ type: 'end', summary: { key: keyring.active.id, ...summary } })
      })
    },

    'backup.key.remove': async ({ key, confirm, force = false }, { emit, signal }) => {
      assertConfirmed(key, confirm)
      const { keyring } = encryption
      await keyring.assertRemovable(key, force)
      const meter = new Meter(emit)
      const ended = AbortSignal.any([signal, stopping])
      const use = await usesOf(
        store,
        key,
        { signal: ended },
        {
          onTotal: (total) => meter.set({ total, what: 'objects' }),
          onObject: () => meter.step(),
        },
      )
      if (use.objects > 0) throw inUse(key, use)
      await keyring.remove(key, { force })
      emit({ type: 'end', ...keyringView(keyring) })
    },
  }
}

function inUse(key: string, { objects, kinds, examples }: KeyUse): GatewayError {
  const list = Object.entries(kinds).map(([kind, count]) => `${count} ${kind}`)
  return new GatewayError({
    code: 'session.busy',
    subject: key,
    message: `key ${key} is needed to read ${objects} object${objects === 1 ? '' : 's'} (${list.join(', ')}; ${examples.join(', ')}${objects > examples.length ? ', …' : ''})`,
    hint: 'run `wa-gateway backup key reencrypt`, and see what it says of objects that failed',
  })
}
