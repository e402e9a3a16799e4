import { loadConfig, type LoadOptions, type Loaded } from '../../../src/config/load.ts'
import { ConfigError } from '../../../src/config/problem.ts'

/** Loads on an imagined host without any file, so that the real host cannot matter. */
export function load(env: Record<string, string>, more: Partial<LoadOptions> = {}): Loaded {
  return loadConfig({
    env,
    cwd: '/work-dir',
    home: '/home/someone',
    uid: 1000,
    hostname: 'host-1',
    places: [],
    ...more,
  })
}

/** The error of a configuration that must be refused. */
export function refused(env: Record<string, string>, more: Partial<LoadOptions> = {}): ConfigError {
  try {
    load(env, more)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('the configuration was accepted')
}
