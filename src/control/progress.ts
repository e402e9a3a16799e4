import { z } from 'zod'

/** How far a long stream is: one of its events, at most twice a second. Counts only grow within `what`. */
export const progressEvent = z.object({
  type: z.literal('progress'),
  done: z.number(),
  /** Absent while nobody knows how many there are. */
  total: z.number().exactOptional(),
  /** How many of `done` an earlier run had done. */
  before: z.number().exactOptional(),
  failed: z.number().exactOptional(),
  bytes: z.number().exactOptional(),
  /** The part that it is at, where it has several. */
  what: z.string().exactOptional(),
})

export type ProgressEvent = z.infer<typeof progressEvent>
