// The page as text, and in real Chromium where there is one.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BrowserContext, type Page, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lowContrast } from '../../test/browser/contrast.ts';
import { resultPage } from './html.ts';
import { exampleResult, exampleRound } from './testing/example-result.ts';

const HOSTILE = `"><script>document.title = 'taken'</script><img src=x onerror="document.title = 'taken'">`;
const result = exampleResult({
  machine: { cpu: HOSTILE, cores: 2, node: HOSTILE },
  commit: HOSTILE,
  options: { viewers: 500, seconds: 20, [HOSTILE]: HOSTILE },
  totals: { ...exampleResult().totals, errors: { [HOSTILE]: 3 } },
  invalid: [HOSTILE],
  thresholds: [{ rule: HOSTILE, value: HOSTILE, failed: true }],
  money: { ok: false, rounds: [exampleRound(HOSTILE, 7, { differences: [HOSTILE], receipt: HOSTILE })] },
});

/** Without the script, which may have such words. */
function bodyOf(page: string): string {
  return page.slice(0, page.lastIndexOf('<script>'));
}

describe('the page', () => {
  const page = resultPage(result);

  it('runs the one script it names, fetches nothing, and takes no text for markup', () => {
    const script = /<script>([\s\S]*?)<\/script>/.exec(page)?.[1] ?? '';
    expect(page).toContain(
      `script-src &#39;sha256-${createHash('sha256').update(script).digest('base64')}&#39;`,
    );
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page).not.toMatch(/<(?:img|link|iframe|object|base)\b|@import|url\(/);
  });

  it('has the pauses of every thread by kind', () => {
    const text = bodyOf(resultPage(exampleResult()));
    expect(text).toContain('scavenge 206 × up to 4.10, mark-compact 4 × up to 5.20');
    expect(text).toContain('data-chart="gc"');
    const samples = exampleResult().samples.map((sample) => ({ ...sample, gcLongestMs: null }));
    const unknown = bodyOf(resultPage(exampleResult({ samples, gc: null })));
    expect(unknown).toContain('pauses are not known');
    expect(unknown).not.toContain('data-chart="gc"');
  });

  it('holds with nothing in it', () => {
    const empty = resultPage(
      exampleResult({
        samples: [],
        gc: null,
        latency: { gift: null, giftAck: null, clap: null, join: null },
        money: null,
        options: {},
      }),
    );
    expect(bodyOf(empty)).not.toMatch(/NaN|Infinity|undefined/);
    const single = resultPage(exampleResult({ samples: exampleResult().samples.slice(0, 1) }));
    expect(bodyOf(single)).not.toMatch(/NaN|Infinity/);
  });
});

const CANDIDATES = [process.env['CHROMIUM'] ?? '', '/usr/bin/chromium', '/usr/bin/chromium-browser'];
const executablePath = CANDIDATES.find((path) => path !== '' && existsSync(path));

describe.skipIf(executablePath === undefined)('the page in Chromium', () => {
  const problems: string[] = [];
  let folder = '';
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ringside-page-'));
    await writeFile(join(folder, 'result.html'), resultPage(result));
    context = await chromium.launchPersistentContext(join(folder, 'profile'), {
      executablePath: executablePath ?? '',
      headless: true,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    page = context.pages()[0] ?? (await context.newPage());
    page.on('console', (message) => problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('request', (request) => {
      if (!request.url().startsWith('file:')) problems.push(request.url());
    });
  });

  afterAll(async () => {
    await context.close();
    await rm(folder, { recursive: true, force: true });
  });

  it.each([
    [360, 'light'],
    [360, 'dark'],
    [1_280, 'light'],
    [1_280, 'dark'],
  ] as const)('is readable at %i px, %s', async (width, colorScheme) => {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme });
    await page.goto(pathToFileURL(join(folder, 'result.html')).href);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    expect(await page.evaluate(lowContrast)).toEqual([]);
    expect(await page.title()).toMatch(/^Ringside load test/);
    expect(problems).toEqual([]);
  });

  it('shows the values under the pointer, in every chart over time', async () => {
    await page.locator('[data-chart=gift] .field').hover({ position: { x: 1, y: 20 } });
    expect(await page.locator('[data-chart=viewers] .legend b').textContent()).toBe('100');
    expect(await page.locator('[data-chart=viewers] .cursor').getAttribute('data-name')).toBe('1 s, ramp');
    expect(await page.locator('[data-chart=percentiles] .cursor').isVisible()).toBe(false);
    await page.mouse.move(0, 0);
    expect(await page.locator('[data-chart=viewers] .legend b').textContent()).toBe('up to 500');
  });

  it('reads values to those who use the keyboard', async () => {
    await page.locator('[data-chart=viewers]').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('#spoken').textContent()).toBe('2 s, ramp: connected 200');
    expect(await page.getByRole('img', { name: 'Viewers', exact: true }).count()).toBe(1);
  });
});
