import type { z } from 'zod'

/** `read` looks; `act` changes something, or shows what is worth the account (a QR). */
type Permission = 'read' | 'act'

/**
 * One method of the control API. A call has `result`; a stream has `events`, sent as NDJSON, one
 * JSON object a line. Every `:name` of the path is a key of `params`.
 */
export interface MethodSpec {
  verb: 'GET' | 'POST' | 'DELETE'
  path: `/v1/${string}`
  permission: Permission
  summary: string
  params?: z.ZodObject
  query?: z.ZodObject
  body?: z.ZodObject
  result?: z.ZodObject
  events?: z.ZodType
  /** A whole account in one piece: only over the control socket, with bodies of any size it may have. */
  account?: true
  /** A stream that goes on until the caller leaves; the others end with `result` or `end`. */
  endless?: true
}
