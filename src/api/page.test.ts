import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { buildPage } from './page.ts';
import { createTestApi } from './test-engine.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ringside-page-'));
  await writeFile(
    join(dir, 'index.html'),
    '<!doctype html><link rel="stylesheet" href="style.css"><script type="module" src="./main.tsx"></script>',
  );
  await writeFile(join(dir, 'style.css'), 'body { color: red; }');
  await writeFile(join(dir, 'main.tsx'), "document.title = 'x'; void import('./late.ts');");
  await writeFile(join(dir, 'late.ts'), "document.title = 'late';");
});
afterEach(() => rm(dir, { recursive: true }));

it('serves the page, its assets under hashed names, and what is loaded later as a file of its own', async () => {
  const page = await buildPage(dir);
  expect(page.assets.size).toBe(3);
  const { app } = await createTestApi({}, page);
  const index = await app.inject('/');
  expect(index.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(index.headers['cache-control']).toBe('no-cache');
  const names = [...index.body.matchAll(/(?:src|href)="\/assets\/([^"]+)"/g)].map((match) => match[1] ?? '');
  expect(names).toEqual([
    expect.stringMatching(/^style-[A-Z0-9]{8}\.css$/),
    expect.stringMatching(/^main-[A-Z0-9]{8}\.js$/),
  ]);
  for (const name of page.assets.keys()) {
    const asset = await app.inject(`/assets/${name}`);
    expect(asset.statusCode).toBe(200);
    expect(asset.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(asset.headers['content-type']).toMatch(name.endsWith('.css') ? /^text\/css/ : /^text\/javascript/);
  }
  expect((await app.inject('/assets/none.js')).json().error.code).toBe('NOT_FOUND');
  expect((await app.inject('/assets/..%2findex.html')).statusCode).toBe(404);
  await app.close();
});

it('answers 304 to a browser that has the page already', async () => {
  const { app } = await createTestApi({}, await buildPage(dir));
  const { headers } = await app.inject('/');
  const again = await app.inject({ url: '/', headers: { 'if-none-match': String(headers['etag']) } });
  expect([again.statusCode, again.body]).toEqual([304, '']);
  await app.close();
});

it('gives changed sources other names', async () => {
  const before = await buildPage(dir);
  await writeFile(join(dir, 'style.css'), 'body { color: blue; }');
  const after = await buildPage(dir);
  expect(after.index.etag).not.toBe(before.index.etag);
});

it('refuses to serve a page that does not load', async () => {
  await writeFile(join(dir, 'main.tsx'), 'const x = ;');
  await expect(buildPage(dir)).rejects.toThrow('main.tsx');
  await writeFile(join(dir, 'main.tsx'), '');
  await writeFile(join(dir, 'index.html'), '<!doctype html><link href="style.css">');
  await expect(buildPage(dir)).rejects.toThrow('does not refer to main.tsx');
});
