/** Where a value came from; `text` is what messages and `config show` print. */
export type Origin =
  | { kind: 'flag' | 'environment' | 'credential' | 'file'; text: string }
  | { kind: 'default'; text: 'default' }

export const DEFAULT: Origin = Object.freeze({ kind: 'default', text: 'default' })
