/** Jest runs the TypeScript sources as ES modules; one project per kind of test, chosen by scripts/test.mjs. */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript' },
          target: 'es2024',
          experimental: { keepImportAttributes: true },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  workerIdleMemoryLimit: '512MB',
  // A bound for what hangs, wide enough for simulations on a busy machine.
  testTimeout: 60000,
}
