// The command line of the simulator: what is not understood runs nothing.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../../src/sim/main.ts', import.meta.url));

function sim(...args: string[]): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
}

describe('npm run sim', () => {
  it.each([
    [['--sedes', '3'], "unknown option '--sedes'"],
    [['--seeds', 'x'], 'whole number from 1'],
    [['--seed', '1', '--canary', 'nobody'], 'Allowed choices are'],
    [['--canary', 'vote-counted-twice'], 'needs --seed'],
    [['--seed', '1', '--canaries'], 'cannot be used with'],
  ])('ends with 2 for %j and says why', (args, message) => {
    const { status, stdout, stderr } = sim(...args);
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });

  it('ends with 1 when a seed fails, and says how to see it again', () => {
    const { status, stdout } = sim('--seed', '1', '--canary', 'request-handed-twice', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      seeds: 1,
      failures: [
        { seed: 1, checker: 'hand-over', replay: 'npm run sim -- --seed 1 --canary request-handed-twice' },
      ],
    });
    expect(status).toBe(1);
  });

  it('ends with 0 when none does', () => {
    expect(sim('--seeds', '1', '--from', '3')).toMatchObject({ status: 0 });
  });
});
