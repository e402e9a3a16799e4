import { SESSION_STATES, type SessionState, type SessionView } from '../session/state.ts'

/** The sessions of the worker, counted by state as they change. */
export class Fleet {
  readonly #views = new Map<string, SessionView>()
  readonly #counts = new Map<SessionState, number>(SESSION_STATES.map((state) => [state, 0]))
  /** Ids that changed since `begin`; a list that was asked for then is older than they are. */
  #fresh: Set<string> | undefined
  #version = 0

  /** Grows with every change. */
  get version(): number {
    return this.#version
  }

  get size(): number {
    return this.#views.size
  }

  get(id: string): SessionView | undefined {
    return this.#views.get(id)
  }

  views(): SessionView[] {
    return [...this.#views.values()]
  }

  count(state: SessionState): number {
    return this.#counts.get(state) ?? 0
  }

  put(view: SessionView): void {
    this.#fresh?.add(view.id)
    this.#set(view)
  }

  /** To be called before a list is asked for, which `replace` then takes. */
  begin(): void {
    this.#fresh = new Set()
  }

  /** Every session as a list has them, but for those that changed since `begin`. */
  replace(views: readonly SessionView[]): void {
    const fresh = this.#fresh ?? new Set<string>()
    this.#fresh = undefined
    const listed = new Set(views.map((view) => view.id))
    for (const id of this.#views.keys()) if (!listed.has(id) && !fresh.has(id)) this.#drop(id)
    for (const view of views) if (!fresh.has(view.id)) this.#set(view)
  }

  #set(view: SessionView): void {
    const before = this.#views.get(view.id)
    if (before !== undefined) this.#add(before.state, -1)
    this.#add(view.state, 1)
    this.#views.set(view.id, view)
    this.#version++
  }

  #drop(id: string): void {
    const view = this.#views.get(id)
    if (view === undefined) return
    this.#add(view.state, -1)
    this.#views.delete(id)
    this.#version++
  }

  #add(state: SessionState, change: number): void {
    this.#counts.set(state, this.count(state) + change)
  }
}
