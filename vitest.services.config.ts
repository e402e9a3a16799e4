import { defineConfig } from 'vitest/config'

// The suites that need a real S3 server; `npm test` runs them over the folder and the stub.
export default defineConfig({
  test: {
    pool: 'forks',
    include: ['test/services/**/*.service.ts'],
    globalSetup: ['test/support/build.ts', 'test/support/leftovers.ts', 'test/services/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
