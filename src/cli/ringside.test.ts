// The command line as a person or a script meets it: a child process, its output, its exit code.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, type TestApi, createTestApi } from '../api/test-engine.ts';

const PROGRAM = fileURLToPath(new URL('ringside.ts', import.meta.url));
const PARTICIPANTS = [
  '--participant',
  `Ada=${'11'.repeat(20)}`,
  '--participant',
  'Bob=mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn',
];

let api: TestApi;
let url: string;
let dir: string;

beforeAll(async () => {
  api = await createTestApi();
  url = await api.app.listen({ host: '127.0.0.1', port: 0 });
  dir = await mkdtemp(join(tmpdir(), 'ringside-cli-'));
  await writeFile(join(dir, 'admin-token'), `${ADMIN_TOKEN}\n`);
});
afterAll(async () => {
  await api.app.close();
  await rm(dir, { recursive: true });
});

interface Run {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Settings are those given, none of the machine's. */
function run(
  args: readonly string[],
  options: { env?: Record<string, string>; input?: string } = {},
): Promise<Run> {
  const env = { PATH: process.env['PATH'] ?? '', RINGSIDE_DATA_DIR: dir, ...options.env };
  const child = spawn(process.execPath, [PROGRAM, ...args], { env, stdio: 'pipe' });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.end(options.input ?? '');
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
}

describe('--help', () => {
  it.each([
    [['--help'], 'Examples:'],
    [['watch', '--help'], '$ ringside watch --for ada'],
    [['verify', '--help'], '$ ringside verify receipt.json'],
    [['round', '--help'], '$ ringside round create'],
    [['round', 'create', '--help'], '$ ringside round create --file round.json'],
    [['help', 'round'], 'results'],
  ])('%j goes to standard output, with examples', async (args, text) => {
    const { exitCode, stdout, stderr } = await run(args);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toContain(text);
    expect(stdout).toContain('ringside stands for: npm run ringside --\n');
  });
});

describe('nonsense is refused in one line with exit code 2', () => {
  it.each([
    [[], 'a command is needed'],
    [['dance'], 'there is no command "dance"'],
    [['--loud'], "unknown option '--loud'"],
    [['round', 'dance'], "unknown command 'dance'"],
    [['round', 'show'], "missing required argument 'round'"],
    [['round', 'show', 'Not_An_Id'], 'An id of a round has'],
    [['round', 'show', 'a', 'b'], 'too many arguments'],
    [['round', 'list', '--limit', '101'], 'a whole number from 1 to 100'],
    [['round', 'list', '--limit', 'x'], 'a whole number from 1 to 100'],
    [['round', 'list', '--phase', 'running'], 'Allowed choices are scheduled'],
    [['round', 'list', '--url', 'localhost:3000'], 'http:// or https://'],
    [['round', 'create'], 'two participants or more'],
    [['round', 'create', '--participant', 'Ada'], 'NAME=ACCOUNT'],
    [['round', 'create', ...PARTICIPANTS, '--overtime', '5,4'], 'WINDOW,EXTEND,TIMES'],
    [['round', 'create', ...PARTICIPANTS, '--seconds', '5', '--end-height', '9'], 'cannot be used with'],
    [['round', 'create', '--file', '-'], '- holds no JSON object'],
    [['watch', '--seconds', '0'], 'a whole number from 1'],
    [['watch', 'now'], 'too many arguments'],
    [['verify'], "missing required argument 'receipt'"],
    [['verify', 'a', '--loud'], "unknown option '--loud'"],
  ])('%j', async (args, message) => {
    const { exitCode, stdout, stderr } = await run(args, { input: 'no json' });
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^ringside: [^\n]+\n$/);
    expect(exitCode).toBe(2);
  });

  it('a group without its command shows its help', async () => {
    const { exitCode, stdout, stderr } = await run(['round']);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Usage: ringside round');
  });

  it('a wrong setting is named', async () => {
    const env = { RINGSIDE_API_PORT: 'abc' };
    const { exitCode, stderr } = await run(['round', 'list'], { env });
    expect(stderr).toMatch(/^ringside: RINGSIDE_API_PORT: "abc" is not allowed[^\n]+\n$/);
    expect(exitCode).toBe(2);
  });
});

describe('an engine that cannot be reached', () => {
  it.each([[['watch']], [['round', 'list']], [['round', 'cancel', 'a']]])(
    '%j says so with its url',
    async (args) => {
      const { exitCode, stderr } = await run([...args, '--url', 'http://127.0.0.1:9']);
      expect(stderr).toBe('ringside: the engine at http://127.0.0.1:9 cannot be reached\n');
      expect(exitCode).toBe(1);
    },
  );

  it('is looked for where the settings say', async () => {
    const env = { RINGSIDE_API_PORT: '10', RINGSIDE_API_HOST: '0.0.0.0' };
    expect((await run(['round', 'list'], { env })).stderr).toContain('http://127.0.0.1:10');
  });
});

describe('round', () => {
  it('is created, listed, shown, started and cancelled', async () => {
    const created = await run([
      'round',
      'create',
      ...PARTICIPANTS,
      '--id',
      'cli-round',
      '--title',
      'From here',
      '--overtime',
      '5,4,3',
      '--url',
      url,
    ]);
    expect(created).toEqual({ exitCode: 0, stdout: 'cli-round\n', stderr: '' });

    const list = await run(['round', 'list', '--url', url]);
    expect(list.stdout).toMatch(
      /^ID +PHASE +STARTS +ROUND\ncli-round +scheduled +\S+ +From here: Ada - Bob\n$/,
    );

    const shown = JSON.parse((await run(['round', 'show', 'cli-round', '--json', '--url', url])).stdout);
    expect(shown.terms).toMatchObject({
      participants: [{ id: 'ada' }, { account: '243f1394f44554f4ce3fd68649c19adc483ce924' }],
      overtime: { windowMs: 5_000, extendMs: 4_000, extensionsMax: 3 },
    });

    expect((await run(['round', 'start', 'cli-round', '--url', url])).stdout).toMatch(/phase +live/);
    const again = await run(['round', 'start', 'cli-round', '--url', url]);
    expect([again.exitCode, again.stderr]).toEqual([
      1,
      'ringside: ALREADY_STARTED: The round has already started.\n',
    ]);
    const cancelled = await run(['round', 'cancel', 'cli-round', '--reason', 'rain', '--json', '--url', url]);
    expect(JSON.parse(cancelled.stdout).phase).toBe('cancelled');
  });

  it('can be given as JSON, from a file or standard input', async () => {
    const body = {
      id: 'from-file',
      participants: [
        { name: 'A', account: '11'.repeat(20) },
        { name: 'B', account: '22'.repeat(20) },
      ],
    };
    const path = join(dir, 'round.json');
    await writeFile(path, JSON.stringify(body));
    expect((await run(['round', 'create', '--file', path, '--url', url])).stdout).toBe('from-file\n');
    const input = JSON.stringify({ ...body, id: 'from-stdin' });
    expect((await run(['round', 'create', '--file', '-', '--url', url], { input })).stdout).toBe(
      'from-stdin\n',
    );
    const missing = await run(['round', 'create', '--file', join(dir, 'none.json'), '--url', url]);
    expect(missing.exitCode).toBe(1);
    expect(missing.stderr).toMatch(/^ringside: cannot read [^\n]+ENOENT[^\n]+\n$/);
  });

  it('is created once per key', async () => {
    const args = ['round', 'create', ...PARTICIPANTS, '--key', 'cli-test-key', '--url', url];
    const first = await run(args);
    expect(first.stdout).toMatch(/^r-[0-9a-f]{20}\n$/);
    expect((await run(args)).stdout).toBe(first.stdout);
  });

  it('says which field the engine refused', async () => {
    const { exitCode, stderr } = await run([
      'round',
      'create',
      ...PARTICIPANTS,
      '--title',
      'x'.repeat(81),
      '--url',
      url,
    ]);
    expect(stderr).toMatch(/^ringside: VALIDATION_FAILED: [^\n]+\(title [^\n]+\)\n$/);
    expect(exitCode).toBe(1);
  });

  it('needs the admin token to change anything', async () => {
    const wrong = await run(['round', 'start', 'a', '--url', url, '--token', 'wrong-token-0000000']);
    expect([wrong.exitCode, wrong.stderr]).toEqual([
      1,
      'ringside: UNAUTHORIZED: This needs a valid token or signature.\n',
    ]);
    const byVariable = { RINGSIDE_ADMIN_TOKEN: ADMIN_TOKEN, RINGSIDE_DATA_DIR: join(dir, 'elsewhere') };
    expect((await run(['round', 'start', 'a', '--url', url], { env: byVariable })).stderr).toContain(
      'ROUND_NOT_FOUND',
    );
    const none = await run(['round', 'start', 'a', '--url', url], {
      env: { RINGSIDE_DATA_DIR: join(dir, 'elsewhere') },
    });
    expect(none.exitCode).toBe(2);
    expect(none.stderr).toMatch(/^ringside: no admin token: give --token or RINGSIDE_ADMIN_TOKEN[^\n]+\n$/);
  });

  it('shows results and hands out the receipt byte for byte', async () => {
    await run(['round', 'create', ...PARTICIPANTS, '--id', 'settled-one', '--url', url]);
    const early = await run(['round', 'results', 'settled-one', '--url', url]);
    expect([early.exitCode, early.stderr]).toEqual([
      1,
      'ringside: RESULTS_NOT_READY: The round has not been settled yet.\n',
    ]);
    api.engine.setPhase('settled-one', 'settled');
    const text = await run(['round', 'results', 'settled-one', '--url', url]);
    expect(text.stdout).toMatch(/rank 1 +Bob gets 77 sats\n/);
    expect(text.stdout).toContain('mined in block 7');
    const json = JSON.parse((await run(['round', 'results', 'settled-one', '--json', '--url', url])).stdout);
    expect(json.result.paidSats).toBe(100);
    const path = join(dir, 'receipt');
    const receipt = await run(['round', 'receipt', 'settled-one', '-o', path, '--url', url]);
    expect(receipt.stdout).toBe('');
    expect(new Uint8Array(await readFile(path))).toEqual(api.engine.receiptBytes);
  });
});

describe('watch', () => {
  it('says when there is nothing to watch, or nobody of that name', async () => {
    const nothing = await run(['watch', '--url', url]);
    expect(nothing.stderr).toBe(
      `ringside: no round is live at ${url}; ringside round list shows all of them\n`,
    );
    expect(nothing.exitCode).toBe(1);
    await run(['round', 'create', ...PARTICIPANTS, '--id', 'to-watch', '--url', url]);
    const nobody = await run(['watch', '--round', 'to-watch', '--for', 'carl', '--url', url]);
    expect(nobody.stderr).toBe('ringside: there is no participant "carl"; there are ada (Ada), bob (Bob)\n');
    expect(nobody.exitCode).toBe(2);
  });
});

describe('verify', () => {
  it('names the check that failed, for people and for programs', async () => {
    const text = await run(['verify', '-'], { input: '{"format":"ringside-receipt"}' });
    expect(text.stdout).toMatch(/^FAILED +form +\S.*\n$/);
    expect(text.stderr).toBe('ringside: the receipt does not hold: form\n');
    expect(text.exitCode).toBe(1);
    const json = await run(['verify', '-', '--json'], { input: 'no json' });
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, checks: [{ name: 'form', ok: false }] });
    expect(json.exitCode).toBe(1);
  });

  it('says when there is no such file', async () => {
    const { exitCode, stdout, stderr } = await run(['verify', join(dir, 'none')]);
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^ringside: cannot read [^\n]+ENOENT[^\n]+\n$/);
  });
});

it('a reader that has enough is no failure', async () => {
  const child = spawn(process.execPath, [PROGRAM, 'round', 'list', '--json', '--url', url], {
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exitCode = await new Promise((resolve) => child.on('close', resolve));
  expect([exitCode, stderr]).toEqual([0, '']);
});
