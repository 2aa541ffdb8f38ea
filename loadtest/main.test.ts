// The load tester as people start it: a process, its streams, its exit code.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from './cli/exit-codes.ts';
import type { RunResult } from './run-result.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

interface Ended {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

function loadtest(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { maxBuffer: 10_000_000, timeout: 90_000 };
    execFile(process.execPath, [MAIN, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

describe('the load tester', () => {
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ringside-loadtest-'));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('refuses nonsense in one line, before it starts anything', async () => {
    const missing = join(folder, 'no-such-folder', 'load.json');
    const refused = await Promise.all([
      loadtest('--viewers', 'many'),
      loadtest('--fail-if', 'p98>1'),
      loadtest('--json', missing),
    ]);
    for (const { code, stdout, stderr } of refused) {
      expect(code).toBe(EXIT.usage);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^loadtest: /);
      expect(stderr).not.toContain('    at ');
    }
    expect(refused[2]?.stderr).toContain(missing);
  });

  it('says that there are not enough open files, and how to get more', async () => {
    const { code, stderr } = await loadtest('--viewers', '1000000', '--processes', '1');
    expect(code).toBe(EXIT.notRun);
    expect(stderr).toMatch(/1000000 viewers, but \d+ connections are possible\. .+/);
  });

  it('says that there is no engine', async () => {
    const { code, stderr } = await loadtest('--url', 'http://127.0.0.1:9', '--admin-token', 'x');
    expect(code).toBe(EXIT.notRun);
    expect(stderr).toBe('loadtest: the engine at http://127.0.0.1:9 cannot be reached\n');
  });

  it('helps', async () => {
    const { code, stdout } = await loadtest('--help');
    expect(code).toBe(0);
    expect(stdout).toContain('Exit codes:');
  });

  it('runs, and gives a pipeline its JSON, its page and its exit code', async () => {
    const page = join(folder, 'load.html');
    const { code, stdout, stderr } = await loadtest(
      ...'--viewers 20 --ramp 1 --seconds 3 --gifts 5 --quiet --json - --html'.split(' '),
      page,
      '--fail-if',
      'gift.count<1',
      '--fail-if',
      'words>0',
    );
    const result = JSON.parse(stdout) as RunResult;
    expect(stderr).toBe('');
    expect(result.money).toMatchObject({ ok: true });
    expect(result.thresholds).toMatchObject([
      { rule: 'gift.count<1', failed: false },
      { rule: 'words>0', failed: true },
    ]);
    // On a machine that is busy with other tests the generator may well be late, and says so.
    expect(code).toBe(result.invalid.length > 0 ? EXIT.invalid : EXIT.failed);
    expect(await readFile(page, 'utf8')).toContain('<h2>Money</h2>');
  }, 90_000);
});
