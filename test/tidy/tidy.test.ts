// What a reader should never find in this repository.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '');
const code = tracked.filter((path) => /\.(ts|tsx|mjs)$/.test(path));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const LINES_MAX = 500;

describe('the repository', () => {
  it('has no file of code that is longer than it should be', () => {
    const long = code.filter((path) => read(path).split('\n').length > LINES_MAX);
    expect(long).toEqual([]);
  });

  it('names files in kebab-case', () => {
    const odd = code.filter((path) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)+$/.test(basename(path)));
    expect(odd).toEqual([]);
  });

  it('opens every file of src with what it is for', () => {
    const silent = code
      .filter((path) => path.startsWith('src/') && !path.endsWith('.test.ts'))
      .filter((path) => !/^(#!.*\n)?(\/\*\*|\/\/)/.test(read(path)));
    expect(silent).toEqual([]);
  });

  it('leaves nothing to be done later', () => {
    const marker = new RegExp(
      `\b(${['TO', 'FIX', 'HA', 'X'].map((head, at) => head + (['DO', 'ME', 'CK', 'XX'][at] ?? '')).join('|')})\b`,
    );
    expect(code.filter((path) => marker.test(read(path)))).toEqual([]);
  });

  it('switches no test off and focuses none', () => {
    const tests = code.filter((path) => path.endsWith('.test.ts') && !path.startsWith('test/tidy/'));
    expect(tests.filter((path) => /\b(it|test|describe)\.(only|todo|skip)\b/.test(read(path)))).toEqual([]);
  });

  it('reads the environment in one file of src', () => {
    const readers = code
      .filter((path) => path.startsWith('src/') && !path.endsWith('.test.ts'))
      .filter((path) => /process\.env\b/.test(read(path)));
    expect(readers.filter((path) => path !== 'src/config.ts')).toEqual([]);
  });

  it('keeps machine paths and registry hosts out of the lock file', () => {
    const lock = read('package-lock.json');
    expect(lock).not.toMatch(/"resolved"/);
    expect(lock).not.toMatch(/file:|\/root\/|\/home\//);
  });
});
