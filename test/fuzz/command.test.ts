// The command line of the fuzzer: what is not understood runs nothing.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

function fuzz(...args: string[]): { readonly status: number | null; readonly stderr: string } {
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
}

it.each([
  [['--sconds', '3'], "Unknown option '--sconds'"],
  [['--seconds', 'x'], 'a number from 0'],
  [['--target', 'nobody'], 'there is no target nobody'],
  [['--replay', 'ff'], '--replay needs --target'],
  [['--target', 'commitments', '--replay', 'zz'], 'lower-case hex'],
  [['--target', 'commitments', '--replay', '@/no/such/file'], 'cannot read /no/such/file'],
  [['--target', 'sessions', '--replay', 'zz'], 'the seed of a case'],
])('ends with 2 for %j and says why', (args, message) => {
  const { status, stderr } = fuzz(...args);
  expect(stderr).toContain(message);
  expect(status).toBe(2);
});

it('replays a case', () => {
  expect(fuzz('--target', 'commitments', '--replay', 'ff')).toMatchObject({ status: 0 });
});
