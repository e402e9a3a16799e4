import type { Mutant } from './mutant.ts'
import { OWNERSHIP_MUTANTS } from './ownership-mutants.ts'
import { RETENTION_MUTANTS } from './retention-mutants.ts'

/** Each is known by its index. */
export const MUTANTS: readonly Mutant[] = [...OWNERSHIP_MUTANTS, ...RETENTION_MUTANTS]
