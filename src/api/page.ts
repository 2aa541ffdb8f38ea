/**
 * The viewer page: src/web bundled by esbuild into memory once at start, served from there. Assets carry a hash
 * in their names and are cached for ever; index.html names them and is always asked for again.
 * No script or style is inline, which the content security policy relies on.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OutputFile, build } from 'esbuild';
import type { ApiApp } from './context.ts';

export interface PageFile {
  readonly type: string;
  readonly bytes: Buffer;
  readonly etag: string;
}

export interface Page {
  readonly index: PageFile;
  /** By file name under /assets/. */
  readonly assets: ReadonlyMap<string, PageFile>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

const WEB_DIR = fileURLToPath(new URL('../web/', import.meta.url));

/**
 * Bundles `main.tsx` and `style.css`, which index.html refers to by these names. Throws what esbuild found wrong,
 * or when index.html does not refer to both.
 */
export async function buildPage(webDir: string = WEB_DIR): Promise<Page> {
  const sources = ['main.tsx', 'style.css'];
  const { outputFiles, metafile } = await build({
    entryPoints: sources.map((source) => join(webDir, source)),
    absWorkingDir: webDir,
    outdir: join(webDir, 'assets'),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    loader: { '.svg': 'file', '.png': 'file', '.woff2': 'file' },
    publicPath: '/assets',
    bundle: true,
    splitting: true,
    format: 'esm',
    minify: true,
    target: 'es2022',
    platform: 'browser',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  let html = await readFile(join(webDir, 'index.html'), 'utf8');
  for (const source of sources) {
    const output = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === source)?.[0];
    const reference = new RegExp(`((?:src|href)=")(?:\\./|/)?${source.replace('.', '\\.')}"`, 'g');
    if (output === undefined || !reference.test(html))
      throw new Error(`index.html does not refer to ${source}`);
    html = html.replaceAll(reference, `$1/assets/${basename(output)}"`);
  }
  return {
    index: pageFile('index.html', Buffer.from(html)),
    assets: new Map(outputFiles.map((file) => [basename(file.path), pageFile(file.path, bytesOf(file))])),
  };
}

function bytesOf(file: OutputFile): Buffer {
  return Buffer.from(file.contents.buffer, file.contents.byteOffset, file.contents.byteLength);
}

function pageFile(path: string, bytes: Buffer): PageFile {
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  return { type: TYPES[extname(path)] ?? 'application/octet-stream', bytes, etag };
}

export function registerPage(app: ApiApp, page: Page): void {
  app.get('/', { schema: { hide: true } }, async (request, reply) => {
    void reply.header('cache-control', 'no-cache').header('etag', page.index.etag);
    if (request.headers['if-none-match'] === page.index.etag) return reply.code(304).send();
    return reply.type(page.index.type).send(page.index.bytes);
  });
  app.get<{ Params: { name: string } }>(
    '/assets/:name',
    { schema: { hide: true } },
    async (request, reply) => {
      const file = page.assets.get(request.params.name);
      if (file === undefined) return reply.callNotFound();
      return reply
        .header('cache-control', 'public, max-age=31536000, immutable')
        .header('etag', file.etag)
        .type(file.type)
        .send(file.bytes);
    },
  );
}
