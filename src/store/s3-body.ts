import type { Readable } from 'node:stream'

/**
 * The whole body. A body that ends before its announced length rejects: a connection closed in the
 * middle may look like the end of it. The caller's time limits end a stalled one.
 */
export async function readBody(body: Readable, length: string | undefined): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk as Uint8Array)
  const bytes = Buffer.concat(chunks)
  if (length !== undefined && bytes.length !== Number(length)) {
    throw Object.assign(new Error(`${bytes.length} of ${length} bytes arrived`), {
      code: 'ECONNRESET',
    })
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
