// The command line of the crash harness: what is not understood kills nothing.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const elsewhere = fileURLToPath(new URL('../../package.json', import.meta.url));

it.each([
  [['--kils', '3'], "unknown option '--kils'"],
  [['--kills', 'x'], 'whole number from 0'],
  [['--check', '/no/such/file'], 'ENOENT'],
  [['--check', elsewhere], 'It is no evidence.'],
  [['--evidence', '/no/such/folder/file'], 'ENOENT'],
])('ends with 2 for %j and says why', (args, message) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
  expect(stderr).toContain(message);
  expect(stdout).toBe('');
  expect(status).toBe(2);
});
