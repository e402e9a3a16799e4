import { isStatus, type Letter, sizeOf, WORKER_LANE } from './letter.ts'

export interface QueueLimits {
  letters: number
  bytes: number
}

interface Held {
  letter: Letter
  bytes: number
  /** It is under way, and need not go again should it come back. */
  forgotten?: true
}

interface Lane {
  waiting: Held[]
  /** The letter under way; nothing else of the lane goes meanwhile. */
  underWay: Held | undefined
}

/** What goes first when there is no more room. */
const DROP_ORDER = ['recovery status', 'sessions preserved', 'session status'] as const

/**
 * Which letters wait, and which goes next. Pure bookkeeping: no clock, no disk, no network.
 *
 * - Letters of a lane go one after another, in order; lanes don't wait for each other. The worker's
 *   lane goes first, then the lanes by when their first letter came.
 * - A status replaces the one that waits in its lane, and one that comes back undelivered while a
 *   newer one waits is given up: an older status never follows a newer one.
 * - Above the limits recovery reports go, the oldest first, then notices of preserved sessions, then
 *   statuses; what is under way stays.
 */
export class LetterQueue {
  readonly #limits: QueueLimits
  readonly #lanes = new Map<string, Lane>()
  #count = 0
  #bytes = 0
  #underWay = 0

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  /** Letters that wait or are under way. */
  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#bytes
  }

  get underWay(): number {
    return this.#underWay
  }

  all(): Letter[] {
    return [...this.#lanes.values()].flatMap(({ underWay, waiting }) =>
      [...(underWay === undefined ? [] : [underWay]), ...waiting].map(({ letter }) => letter),
    )
  }

  /** Takes a letter in; returns those that gave way. */
  add(letter: Letter): { replaced: Letter[]; dropped: Letter[] } {
    const lane = this.#lane(letter.lane)
    const replaced = isStatus(letter) ? this.#clear(lane) : []
    lane.waiting.push(this.#held(letter))
    return { replaced, dropped: this.#makeRoom() }
  }

  /** The next letter that may go, from then on under way; `expired` were in its way. */
  take(now: number, mayGo: (letter: Letter) => boolean): { letter?: Letter; expired: Letter[] } {
    const expired = this.#expire(now)
    for (const lane of this.#inOrder()) {
      const [next] = lane.waiting
      if (lane.underWay !== undefined || next === undefined || !mayGo(next.letter)) continue
      lane.waiting.shift()
      lane.underWay = next
      this.#underWay++
      return { letter: next.letter, expired }
    }
    return { expired }
  }

  /** The letter that was under way is done with. */
  done(letter: Letter): void {
    if (this.#end(letter) !== undefined) this.#tidy(letter.lane)
  }

  /** The letter that was under way must go again; returns it if a newer one makes that needless. */
  back(letter: Letter): Letter | undefined {
    const ended = this.#end(letter)
    const lane = this.#lane(letter.lane)
    const newer = isStatus(letter) && lane.waiting.length > 0
    if (ended !== undefined && ended.forgotten !== true && !newer)
      lane.waiting.unshift(this.#held(letter))
    const needless = !lane.waiting.some((held) => held.letter === letter)
    this.#tidy(letter.lane)
    return needless ? letter : undefined
  }

  /** Empties a lane but for what is under way; returns what waited. */
  forget(name: string): Letter[] {
    const lane = this.#lanes.get(name)
    if (lane === undefined) return []
    if (lane.underWay !== undefined) lane.underWay.forgotten = true
    const gone = this.#clear(lane)
    this.#tidy(name)
    return gone
  }

  #inOrder(): Lane[] {
    const first = this.#lanes.get(WORKER_LANE)
    const others = [...this.#lanes].filter(([name]) => name !== WORKER_LANE).map(([, lane]) => lane)
    return first === undefined ? others : [first, ...others]
  }

  #lane(name: string): Lane {
    const known = this.#lanes.get(name)
    if (known !== undefined) return known
    const lane: Lane = { waiting: [], underWay: undefined }
    this.#lanes.set(name, lane)
    return lane
  }

  #held(letter: Letter): Held {
    const held = { letter, bytes: sizeOf(letter) }
    this.#count++
    this.#bytes += held.bytes
    return held
  }

  #release({ bytes }: Held): void {
    this.#count--
    this.#bytes -= bytes
  }

  #clear(lane: Lane): Letter[] {
    const gone = lane.waiting.splice(0)
    for (const held of gone) this.#release(held)
    return gone.map(({ letter }) => letter)
  }

  #end(letter: Letter): Held | undefined {
    const lane = this.#lanes.get(letter.lane)
    const held = lane?.underWay
    if (lane === undefined || held === undefined || held.letter !== letter) return undefined
    this.#release(held)
    lane.underWay = undefined
    this.#underWay--
    return held
  }

  #tidy(name: string): void {
    const lane = this.#lanes.get(name)
    if (lane?.underWay === undefined && lane?.waiting.length === 0) this.#lanes.delete(name)
  }

  #expire(now: number): Letter[] {
    const expired: Letter[] = []
    for (const [name, lane] of this.#lanes) {
      const gone = lane.waiting.filter(({ letter: { expiresAt = Infinity } }) => expiresAt <= now)
      if (gone.length === 0) continue
      lane.waiting = lane.waiting.filter((held) => !gone.includes(held))
      for (const held of gone) this.#release(held)
      expired.push(...gone.map(({ letter }) => letter))
      this.#tidy(name)
    }
    return expired
  }

  #makeRoom(): Letter[] {
    const dropped: Letter[] = []
    const { letters, bytes } = this.#limits
    while (this.#count > letters || this.#bytes > bytes) {
      const victim = this.#first()
      if (victim === undefined) break
      const { name, lane, held } = victim
      lane.waiting = lane.waiting.filter((one) => one !== held)
      this.#release(held)
      this.#tidy(name)
      dropped.push(held.letter)
    }
    return dropped
  }

  /** What is dropped next: by kind, then by age. */
  #first(): { name: string; lane: Lane; held: Held } | undefined {
    const all = [...this.#lanes].flatMap(([name, lane]) =>
      lane.waiting.map((held) => ({ name, lane, held })),
    )
    for (const call of DROP_ORDER) {
      const ofKind = all.filter(({ held }) => held.letter.call === call)
      const oldest = Math.min(...ofKind.map(({ held }) => held.letter.seq))
      const found = ofKind.find(({ held }) => held.letter.seq === oldest)
      if (found !== undefined) return found
    }
    return undefined
  }
}
