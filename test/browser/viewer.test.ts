// The page in real Chromium against a real engine: watch, pay, give, reload, settle, verify.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, type Page, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../../src/client/api.ts';
import { loadConfig } from '../../src/config.ts';
import type { RoundId } from '../../src/core/ids.ts';
import { type Engine, startEngine } from '../../src/engine.ts';
import { lowContrast } from './contrast.ts';
import { type Crowd, seatCrowd } from './crowd.ts';

const CANDIDATES = [process.env['CHROMIUM'] ?? '', '/usr/bin/chromium', '/usr/bin/chromium-browser'];
const executablePath = CANDIDATES.find((path) => path !== '' && existsSync(path));
if (executablePath === undefined) {
  process.stderr.write(
    'browser test skipped: no Chromium found. Get it with `apt-get install chromium`, or set CHROMIUM to its path.\n',
  );
}

const PHONE = { width: 360, height: 780 };
const DESKTOP = { width: 1280, height: 900 };
const ROUND_SECONDS = 24;
const PARTICIPANTS = [
  { id: 'mara', name: 'Mara Volt', account: 'a'.repeat(40) },
  { id: 'tariq', name: 'Deep Tariq', account: 'b'.repeat(40) },
];

/** "25,300" -> 25300 */
function numberOf(text: string): number {
  return Number(text.replaceAll(',', ''));
}

describe.skipIf(executablePath === undefined)('the viewer page in Chromium', () => {
  let folder = '';
  let pictures = '';
  let engine: Engine;
  let api: Api;
  let context: BrowserContext;
  let page: Page;
  let crowd: Crowd;
  const problems: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ringside-browser-'));
    pictures = process.env['RINGSIDE_SCREENSHOTS'] === undefined ? join(folder, 'images') : 'docs/images';
    await mkdir(pictures, { recursive: true });
    engine = await startEngine(
      loadConfig({}, [], {
        apiPort: 0,
        edgePort: 0,
        dataDir: join(folder, 'data'),
        demo: false,
        blockIntervalMs: 1_000,
        logLevel: 'error',
      }),
    );
    api = new Api({ baseUrl: engine.apiUrl, adminToken: engine.adminToken });
    const round = await api.createRound({
      id: 'final',
      title: 'Beatbox final',
      participants: PARTICIPANTS,
      startsInSeconds: 4,
      durationSeconds: ROUND_SECONDS,
      closingSeconds: 1,
    });
    expect(round).toMatchObject({ ok: true });
    crowd = await seatCrowd({ apiUrl: engine.apiUrl, wsUrl: engine.wsUrl, roundId: 'final' as RoundId });
    context = await chromium.launchPersistentContext(join(folder, 'profile'), {
      executablePath: executablePath ?? '',
      headless: true,
      viewport: PHONE,
      colorScheme: 'light',
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
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
  }, 60_000);

  afterAll(async () => {
    await context?.close();
    crowd?.leave();
    await engine?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  const paidSats = async (): Promise<number> => numberOf(await page.getByTestId('paid').innerText());
  /** What the page says is set aside. */
  const heldSats = async (): Promise<number> =>
    numberOf(await page.locator('.seat-balance dd').nth(1).innerText());

  async function paidAtLeast(sats: number): Promise<void> {
    await expect.poll(paidSats, { timeout: 15_000, interval: 100 }).toBeGreaterThanOrEqual(sats);
  }

  async function picture(prefix: string): Promise<void> {
    await page.evaluate(() => {
      for (const button of document.querySelectorAll<HTMLElement>('.notice button')) button.click();
    });
    await page.locator('.notice').first().waitFor({ state: 'detached' });
    for (const [size, viewport] of [['phone', PHONE] as const, ['desktop', DESKTOP] as const]) {
      await page.setViewportSize(viewport);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.screenshot({ path: join(pictures, `${prefix}${size}-${colorScheme}.png`) });
        expect(await page.evaluate(lowContrast), `contrast, ${prefix}${size} ${colorScheme}`).toEqual([]);
      }
      const wide = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(wide, `nothing is wider than the ${size}`).toBeLessThanOrEqual(0);
    }
    await page.setViewportSize(PHONE);
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: null });
  }

  it('pays while watching, resumes after a reload, and proves what was paid', async () => {
    await page.goto(engine.apiUrl);
    await page.getByRole('heading', { name: 'Beatbox final' }).waitFor();
    await page.getByText('of play money are yours').waitFor();
    await page.getByRole('button', { name: /^Watch Mara Volt/ }).click();
    await page.getByRole('button', { name: 'Stop watching Mara Volt' }).first().waitFor();
    await expect.poll(heldSats, { timeout: 5_000, interval: 100 }).toBeGreaterThan(0);
    await paidAtLeast(2);

    // a gift by dialog, a clap and a vote by key
    await page.getByRole('button', { name: 'Give to Mara Volt' }).click();
    await page.getByRole('button', { name: /^100/ }).click();
    await page.getByText('100 sats given to Mara Volt').waitFor();
    await paidAtLeast(103);
    await page.getByRole('heading', { name: 'Mara Volt' }).click(); // away from the button that has the focus
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Clap for Mara Volt' }).getByText('1').waitFor();
    await page.keyboard.press('v');
    const voted = page.getByRole('button', { name: 'You voted for Mara Volt' });
    await voted.waitFor();
    await picture('');

    const before = await paidSats();
    await page.reload();
    await page.getByRole('button', { name: 'Stop watching Mara Volt' }).first().waitFor();
    expect(await paidSats()).toBeGreaterThanOrEqual(before);
    await voted.waitFor();
    await paidAtLeast(before + 2);

    const verify = page.getByTestId('verify');
    await expect
      .poll(async () => (await verify.count()) > 0 && (await verify.isEnabled()), {
        timeout: 60_000,
        interval: 200,
      })
      .toBe(true);
    const paid = await paidSats();
    const money = (await page.locator('.facts-wide dd').allInnerTexts()).map(numberOf);
    const [all = 0, direct = 0, pool = 0, participants = 0, supporters = 0, platform = 0] = money;
    expect([direct + pool, participants + supporters + platform]).toEqual([all, all]);
    expect(await page.locator('.head-facts').innerText()).toMatch(/^[\d,]+ sats paid in all$/);
    expect(await page.locator('.txids small').first().innerText()).toMatch(/^block \d+, fee \d+ sats?$/);
    await verify.click();
    const report = page.getByTestId('report');
    await report.waitFor();
    expect(await report.getAttribute('data-ok')).toBe('true');
    // One stream: the reload took up the old one. And what the page counted is what the receipt proves.
    expect(await page.getByText(/^My payment/).allInnerTexts()).toHaveLength(1);
    await page.getByText(`The receipt says that you paid ${paid} sats, as this page counted.`).waitFor();
    expect(await page.locator('.checks li:not([data-ok])').count()).toBe(0);
    await picture('result-');
    expect(problems).toEqual([]);
  }, 120_000);

  it('shows nothing as paid when the battle was cancelled', async () => {
    const round = await api.createRound({
      id: 'off',
      title: 'Called off',
      participants: PARTICIPANTS,
      startsInSeconds: 1,
      durationSeconds: 60,
    });
    expect(round).toMatchObject({ ok: true });
    await page.goto(engine.apiUrl);
    await page.getByRole('button', { name: 'Called off' }).click();
    await page.getByRole('button', { name: /^Watch Deep Tariq/ }).click();
    await paidAtLeast(2);
    expect(await api.cancelRound('off' as RoundId, 'rain')).toMatchObject({ ok: true });
    await page.getByRole('heading', { name: 'This battle was cancelled' }).waitFor();
    expect(await paidSats()).toBe(0);
    await page.getByText('all given back').waitFor();
    await expect.poll(heldSats, { timeout: 6_000, interval: 100 }).toBe(0);
    for (const title of ['Deep Tariq', 'Gifts', 'Supporters']) {
      expect(await page.getByRole('heading', { name: title }).count()).toBe(0);
    }
    expect(problems).toEqual([]);
  }, 60_000);
});
