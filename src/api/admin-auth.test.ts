import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ADMIN_TOKEN_FILE, createAdminCheck, ensureAdminToken, readAdminToken } from './admin-auth.ts';
import { systemRandom } from '../platform/random.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ringside-token-'));
});
afterEach(() => rm(dir, { recursive: true }));

it('a token is made once, for its owner only, and found again', async () => {
  const dataDir = join(dir, 'deep', 'data');
  const token = await ensureAdminToken({ configured: null, dataDir, random: systemRandom });
  expect(token).toMatch(/^[0-9a-f]{48}$/);
  expect((await stat(join(dataDir, ADMIN_TOKEN_FILE))).mode & 0o777).toBe(0o600);
  expect(await ensureAdminToken({ configured: null, dataDir, random: systemRandom })).toBe(token);
  expect(await readAdminToken(dataDir)).toBe(token);
});

it('a configured token is used and not written down', async () => {
  const configured = 'configured-token-1';
  expect(await ensureAdminToken({ configured, dataDir: dir, random: systemRandom })).toBe(configured);
  expect(await readAdminToken(dir)).toBeUndefined();
});

it('an empty file is no token', async () => {
  await writeFile(join(dir, ADMIN_TOKEN_FILE), '\n');
  expect(await readAdminToken(dir)).toBeUndefined();
  expect(await ensureAdminToken({ configured: null, dataDir: dir, random: systemRandom })).toHaveLength(48);
});

it('only the exact token in the exact scheme passes', () => {
  const isAdmin = createAdminCheck('the-token');
  expect(isAdmin('Bearer the-token')).toBe(true);
  expect(isAdmin('bearer the-token')).toBe(true);
  for (const wrong of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer the-toke',
    'Bearer the-token ',
    'Basic the-token',
    'the-token',
    `Bearer ${'x'.repeat(600)}`,
  ]) {
    expect(isAdmin(wrong), String(wrong)).toBe(false);
  }
});
