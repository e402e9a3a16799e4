// check-kubernetes.mjs DIRECTORY FILE: validates manifests by the schemas of kubernetes-models, which
// is installed in the directory.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const [directory = '', file = ''] = process.argv.slice(2)
const modules = resolve(directory, 'node_modules')
const { parseAllDocuments } = createRequire(import.meta.url)(join(modules, 'yaml'))

for (const document of parseAllDocuments(readFileSync(file, 'utf8'))) {
  const [error] = document.errors
  if (error !== undefined) throw error
  const { apiVersion, kind, ...rest } = document.toJS()
  const model = join(modules, 'kubernetes-models', apiVersion, `${kind}.js`)
  const { [kind]: Model } = await import(pathToFileURL(model).href)
  await new Model({ apiVersion, kind, ...rest }).validate()
  process.stdout.write(`${kind} ${rest.metadata.name}\n`)
}
