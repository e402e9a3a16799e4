import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

const PREFIX = 'drill-'

/** A fresh directory of mode 0700 in the state directory; whoever makes it removes it. */
export function makeScratch(stateDir: string): Promise<string> {
  return mkdtemp(join(stateDir, PREFIX))
}

/** Removes what a drill left behind that a kill ended. Call it while no drill runs. */
export async function sweepScratch(stateDir: string): Promise<void> {
  for (const name of await readdir(stateDir))
    if (name.startsWith(PREFIX)) await rm(join(stateDir, name), { recursive: true, force: true })
}
