/** Whether the buffer behind bytes may be the pool that small ones share, or cannot change hands. */
export function isShared({ buffer }: Uint8Array): boolean {
  return !(buffer instanceof ArrayBuffer) || buffer.byteLength <= Buffer.poolSize
}

/**
 * Gives the memory behind bytes back at once, all of their buffer, which nobody needs any more: they
 * are empty then. What is read in masses would else lie there until the collector comes, and would
 * bring it on the more often.
 */
export function giveBack(bytes: Uint8Array): void {
  const { buffer } = bytes
  if (buffer instanceof ArrayBuffer && !isShared(bytes)) buffer.transfer(0)
}
