/** Why a session was not moved in. */
export const OBSTACLES = [
  'exists',
  'stored',
  'owned-elsewhere',
  'unpaired',
  'damaged',
  'changing',
  'duplicate',
  'bad-id',
  'busy',
  'refused',
] as const

export type Obstacle = (typeof OBSTACLES)[number]

/** What the daemon did with the state of a session that another program kept. */
export type Admission =
  | { outcome: 'imported'; epoch: number; seq: number; keys: number }
  /** It is here already: imported from this very state before. */
  | { outcome: 'present'; seq: number }
  /** `detail` says what stands in its way, `todo` what a person does next. */
  | { outcome: 'skipped'; why: Obstacle; detail: string; todo: string }
