import { CAUSES, type CauseId } from '../../src/session/cause.ts'
import {
  newLife,
  type Facts,
  type Life,
  type LifeEvent,
  type LifeSettings,
} from '../../src/session/life.ts'
import { mayBecome } from '../../src/session/state.ts'
import { stepLife } from '../../src/session/step-life.ts'

export const LIFE_SETTINGS: LifeSettings = {
  reconnect: { baseMs: 1_000, maxMs: 60_000 },
  stableMs: 60_000,
  flapCount: 5,
  flapWindowMs: 900_000,
  flap: { baseMs: 60_000, maxMs: 300_000 },
  loginsPerHour: 60,
  maxRestarts: 3,
  rest: { baseMs: 15_000, maxMs: 120_000 },
}
export const HOUR = 3_600_000

/** A session on a clock of its own, which notes the logins that it begins. */
export class LifeWorld {
  life: Life
  now = 1_000_000
  random = 0.5
  unpaired = false
  unstored = false
  /** Logins that nobody but the session itself began. */
  readonly logins: number[] = []

  readonly settings: LifeSettings

  constructor(settings = LIFE_SETTINGS) {
    this.settings = settings
    this.life = newLife(this.now)
  }

  get facts(): Facts {
    const { now, random, unpaired, unstored } = this
    return { now, random, unpaired, unstored }
  }

  take(...events: LifeEvent[]): this {
    for (const event of events) {
      const before = this.life
      this.life = stepLife(before, event, this.settings, this.facts)
      if (before.state !== this.life.state && !mayBecome(before.state, this.life.state))
        throw new Error(`${event.type}: from ${before.state} to ${this.life.state}`)
      if (event.type === 'admitted' && before !== this.life) this.logins.push(this.now)
    }
    return this
  }

  closed(cause: CauseId): this {
    return this.take({ type: 'closed', cause, detail: CAUSES[cause].words })
  }

  ended(): this {
    return this.take({ type: 'ended', of: 'ending' })
  }

  /** Brings the session online, as a recovery does. */
  online(): this {
    return this.take(
      { type: 'taken' },
      { type: 'restoring', for: 'recovery' },
      { type: 'connect' },
      { type: 'opened' },
      { type: 'given-back', cause: 'cancelled', detail: '' },
    )
  }

  /** Reconnects by itself, as soon as it may. */
  comeBack(): this {
    if (this.life.doing.kind === 'waiting') this.now = this.life.doing.until
    return this.take({ type: 'due' }, { type: 'admitted' }, { type: 'opened' })
  }
}
