import { join } from 'node:path'

/**
 * How names lie in the folder. `a/b` is the directory `<root>/a/b=`; '=' is in no name, so an
 * object `a/b` and an object `a/b/c` live side by side. Work in progress is in `<root>/=work`,
 * and what tells the folder from any other is the object `=id`, which has no name.
 */
export const OBJECT_MARK = '='
export const WORK_DIRECTORY = '=work'
export const MARKER = '=id'

export function objectPath(root: string, name: string): string {
  return join(root, name) + OBJECT_MARK
}

/** The directories between the root and the object, outermost first, the root included. */
export function ancestors(root: string, name: string): string[] {
  const parts = name.split('/').slice(0, -1)
  return [root, ...parts.map((_, index) => join(root, ...parts.slice(0, index + 1)))]
}
