import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { MUTANTS } from './mutants.ts'

/** Loaded before anything else: breaks the rule that the environment names, in the sources' text. */
const mutant = MUTANTS[Number(process.env['MUTANT'])]
if (mutant === undefined) throw new Error('MUTANT is the index of a mutant')
const root = new URL('../../../', import.meta.url)
const texts = new Map<string, string>()
for (const { file, text, by } of mutant.changes) {
  const url = new URL(file, root).href
  const before = texts.get(url) ?? readFileSync(fileURLToPath(url), 'utf8')
  if (before.split(text).length !== 2)
    throw new Error(`${file} does not have this text just once, so nothing was broken: ${text}`)
  texts.set(
    url,
    before.replace(text, () => by),
  )
}

registerHooks({
  load(url, context, next) {
    const source = texts.get(url)
    return source === undefined
      ? next(url, context)
      : { format: 'module-typescript', shortCircuit: true, source }
  },
})
