import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataDir, readOrMakeAdminToken, refuseMissingParts } from './data-dir.ts';

describe('the data directory', () => {
  let base = '';
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'ringside-data-'));
  });
  afterEach(() => rmSync(base, { recursive: true, force: true }));

  it('is made on first use and closed to others', () => {
    const dir = openDataDir(join(base, 'a', 'b'));
    expect(statSync(dir.path).mode & 0o777).toBe(0o700);
    dir.release();
  });

  it('lets one engine in at a time, and the next when that one is done', () => {
    const first = openDataDir(base);
    expect(() => openDataDir(base)).toThrow(/another engine \(process \d+\)/);
    first.release();
    openDataDir(base).release();
  });

  it('is not kept locked by an engine that was killed', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const { pid } = child;
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    writeFileSync(join(base, 'engine.lock'), `${pid} ${started}\n`);
    expect(() => openDataDir(base)).toThrow(/another engine/);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    openDataDir(base).release();
  });

  it('is not kept locked by a process that got the same number later', () => {
    writeFileSync(join(base, 'engine.lock'), `${process.pid} 1\n`);
    openDataDir(base).release();
  });

  it('lets one of many in that find the lock of a killed engine at the same moment', async () => {
    const rounds = 60;
    const racers = 4;
    const arrived = new Int32Array(new SharedArrayBuffer(4 * rounds));
    const code = `
      const { workerData: { base, rounds, racers, arrived, module }, parentPort } = require('node:worker_threads');
      import(module).then(({ openDataDir }) => {
        let entered = [];
        for (let round = 0; round < rounds; round++) {
          Atomics.add(arrived, round, 1);
          while (Atomics.load(arrived, round) < racers);
          try { openDataDir(base + '/' + round); entered.push(round); } catch {}
        }
        parentPort.postMessage(entered);
      });`;
    for (let round = 0; round < rounds; round++) {
      mkdirSync(join(base, String(round)));
      writeFileSync(join(base, String(round), 'engine.lock'), '1 1\n');
    }
    const module = new URL('./data-dir.ts', import.meta.url).href;
    const workers = Array.from(
      { length: racers },
      () => new Worker(code, { eval: true, workerData: { base, rounds, racers, arrived, module } }),
    );
    const answers = await Promise.all(workers.map((worker) => once(worker, 'message')));
    const entered = answers.flatMap(([list]) => list as number[]).toSorted((a, b) => a - b);
    expect(entered).toEqual(Array.from({ length: rounds }, (_, round) => round));
    expect(readdirSync(join(base, '0'))).toEqual(['engine.lock']);
  });

  it('says what is wrong when it cannot be used', () => {
    writeFileSync(join(base, 'file'), '');
    expect(() => openDataDir(join(base, 'file'))).toThrow(/cannot use the data directory/);
  });

  it.skipIf(!existsSync('/proc/self'))('is refused where no folder can be made, with what to do', () => {
    const module = new URL('./data-dir.ts', import.meta.url).href;
    // In a process of its own, which can be ended should this never come back.
    const { stdout } = spawnSync(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { openDataDir } from ${JSON.stringify(module)};
        for (const path of ['/proc/ringside', '/proc/ringside/data'])
          try { openDataDir(path); } catch ({ code, message }) { console.log(code, message); }`,
      ],
      { encoding: 'utf8', timeout: 10_000, killSignal: 'SIGKILL' },
    );
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(2);
    for (const line of lines)
      expect(line).toMatch(
        /^UNAVAILABLE cannot use the data directory \/proc\/ringside.*choose one where it can \(--data-dir\)/,
      );
  });

  it('keeps one admin token, readable by its owner only', () => {
    const dir = openDataDir(base);
    const token = readOrMakeAdminToken(dir);
    expect(token.length).toBeGreaterThanOrEqual(32);
    expect(readOrMakeAdminToken(dir)).toBe(token);
    expect(statSync(dir.file('admin-token')).mode & 0o777).toBe(0o600);
    dir.release();
  });

  it('makes another admin token when it was killed before the first was written', () => {
    const dir = openDataDir(base);
    writeFileSync(dir.file('admin-token'), '', { mode: 0o600 });
    const token = readOrMakeAdminToken(dir);
    expect(token.length).toBeGreaterThanOrEqual(32);
    expect(readOrMakeAdminToken(dir)).toBe(token);
    dir.release();
  });

  it('is refused when a part is missing that was made before one that is there, and named with what to do', () => {
    const dir = openDataDir(base);
    refuseMissingParts(dir, { complete: false }); // a first start
    mkdirSync(dir.file('store'));
    mkdirSync(dir.file('chain'));
    writeFileSync(dir.file('store/data.mdb'), '');
    refuseMissingParts(dir, { complete: false }); // one that was killed early
    writeFileSync(dir.file('treasury-key'), '');
    expect(() => refuseMissingParts(dir, { complete: false })).toThrow(
      /chain\/data\.mdb is missing.*put it back/,
    );
    dir.release();
  });

  it('is refused without the part that is made last when its books say that it was there', () => {
    const dir = openDataDir(base);
    for (const folder of ['store', 'chain']) mkdirSync(dir.file(folder));
    for (const part of ['store/data.mdb', 'chain/data.mdb', 'platform-key'])
      writeFileSync(dir.file(part), '');
    refuseMissingParts(dir, { complete: false });
    expect(() => refuseMissingParts(dir, { complete: true })).toThrow(/treasury-key is missing/);
    dir.release();
  });
});
