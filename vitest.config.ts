import { defineConfig } from 'vitest/config'

// umask and process control don't work in worker threads, so every file gets a process.
export default defineConfig({
  test: {
    pool: 'forks',
    // Most files wait for processes, sockets and clocks most of the time.
    maxWorkers: 2,
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    globalSetup: ['test/support/build.ts', 'test/support/leftovers.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
