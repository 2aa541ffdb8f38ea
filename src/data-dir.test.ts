import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataDir, readOrMakeAdminToken } from './data-dir.ts';

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

  it('says what is wrong when it cannot be used', () => {
    writeFileSync(join(base, 'file'), '');
    expect(() => openDataDir(join(base, 'file'))).toThrow(/cannot use the data directory/);
  });

  it('keeps one admin token, readable by its owner only', () => {
    const dir = openDataDir(base);
    const token = readOrMakeAdminToken(dir);
    expect(token.length).toBeGreaterThanOrEqual(32);
    expect(readOrMakeAdminToken(dir)).toBe(token);
    expect(statSync(dir.file('admin-token')).mode & 0o777).toBe(0o600);
    dir.release();
  });
});
