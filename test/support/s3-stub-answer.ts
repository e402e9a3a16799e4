export type Answer = {
  status: number
  headers?: Record<string, string>
  body?: Buffer
  /** For an S3 error document. */
  code?: string
}
