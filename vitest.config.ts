import { type ViteUserConfig, defineConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['src', 'test', 'bench', 'loadtest'].map((folder) => `${folder}/**/*.test.ts`),
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // uWebSockets.js and lmdb are native and own threads: each test file gets a process of its own.
    pool: 'forks',
    maxWorkers: 2,
  },
});
export default config;
