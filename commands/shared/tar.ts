const BLOCK = 512

/** A tar archive (POSIX ustar) of files of one user's; names of at most 100 bytes. */
export function tarOf(
  files: readonly { name: string; text: string }[],
  /** Milliseconds since the epoch. */
  at: number,
): Buffer {
  const parts = files.flatMap(({ name, text }) => {
    const content = Buffer.from(text)
    const rest = (BLOCK - (content.length % BLOCK)) % BLOCK
    return [header(name, content.length, at), content, Buffer.alloc(rest)]
  })
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)])
}

function header(name: string, size: number, at: number): Buffer {
  const block = Buffer.alloc(BLOCK)
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`
  block.write(name, 0)
  block.write(octal(0o600, 7), 100)
  block.write(octal(0, 7), 108)
  block.write(octal(0, 7), 116)
  block.write(octal(size, 11), 124)
  block.write(octal(Math.floor(at / 1_000), 11), 136)
  // The sum is made with blanks in its own place.
  block.write(' '.repeat(8), 148)
  block.write('0', 156)
  block.write('ustar\u000000', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}
