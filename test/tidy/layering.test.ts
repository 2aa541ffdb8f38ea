// The direction of imports is held by the linter; a planted violation proves that it is.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'ringside-layering-'));
cpSync(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function lint(path: string, source: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, source);
  const run = spawnSync(join(root, 'node_modules/.bin/oxlint'), ['--disable-nested-config', path], {
    cwd: folder,
    encoding: 'utf8',
  });
  rmSync(file);
  return run.status === 0 ? '' : run.stdout;
}

describe('the linter', () => {
  it('accepts a pure room that imports what it may', () => {
    expect(
      lint('src/round/good.ts', "import { assert } from '../core/assert.ts';\nassert(true, 'fine');\n"),
    ).toBe('');
  });

  it.each([
    ['src/core/planted.ts', "import '../voucher/types.ts';\n", 'core/ may import only'],
    ['src/voucher/planted.ts', "import '../ledger/journal.ts';\n", 'voucher/ may import only'],
    ['src/ledger/planted.ts', "import '../round/terms.ts';\n", 'ledger/ may import only'],
    ['src/round/planted.ts', "import '../edge/edge.ts';\n", 'round/ may import only'],
    ['src/round/planted.ts', "import 'node:fs';\n", 'no node:*'],
    ['src/round/planted.ts', "import 'lmdb';\n", 'no packages'],
    ['src/round/planted.ts', 'export const now: number = Date.now();\n', "Unexpected use of 'Date'"],
    ['src/voucher/planted.ts', 'export const dice: number = Math.random();\n', "'Math.random' is restricted"],
    ['src/ledger/planted.ts', 'setTimeout(() => undefined, 1);\n', "Unexpected use of 'setTimeout'"],
    ['src/store/planted.ts', "import '../chain/dev-chain.ts';\n", 'store/ may import only'],
    ['src/edge/planted.ts', "import '../store/memory/store.ts';\n", 'edge/ may import only'],
    ['src/ports/planted.ts', "import '../platform/clock.ts';\n", 'ports/ may import only'],
  ])('refuses in %s: %s', (path, source, message) => {
    expect(lint(path, source)).toContain(message);
  });
});
