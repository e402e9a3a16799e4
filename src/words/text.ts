const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}]/u
const CONTROL = /[\p{Cc}\p{Bidi_Control}]+/gu
const PLAIN = /^[ -~]*$/
/** Made when one is needed: that takes 8 ms, and most texts are ASCII. */
let segmenter: Intl.Segmenter | undefined

/** The characters as a person counts them. */
export function graphemes(text: string): string[] {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' })
  return Array.from(segmenter.segment(text), ({ segment }) => segment)
}

/** Text from elsewhere (names, messages), made harmless for a terminal. */
export function harmless(text: string): string {
  return PLAIN.test(text) ? text : text.replaceAll(CONTROL, ' ')
}

/** How many columns a terminal gives to the text. */
export function width(text: string): number {
  if (PLAIN.test(text)) return text.length
  let columns = 0
  for (const segment of graphemes(text)) columns += WIDE.test(segment) ? 2 : 1
  return columns
}

export function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - width(text)))
}

/** Cuts text that is wider than `columns`, with an ellipsis as its last character. */
export function cut(text: string, columns: number): string {
  if (width(text) <= columns) return text
  if (PLAIN.test(text)) return `${text.slice(0, Math.max(0, columns - 1))}…`
  let kept = ''
  for (const segment of graphemes(text)) {
    if (width(kept) + width(segment) > columns - 1) break
    kept += segment
  }
  return `${kept}…`
}
