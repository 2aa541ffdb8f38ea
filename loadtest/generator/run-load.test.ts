import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { LOAD_DEFAULTS } from '../options.ts';
import type { Sample } from '../run-result.ts';
import { runLoad } from './run-load.ts';

function leftovers(): readonly string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('ringside-load-'));
}

test('fifty viewers of every kind load an engine, and no sat is missing', { timeout: 120_000 }, async () => {
  const before = leftovers();
  const samples: Sample[] = [];
  const result = await runLoad(
    {
      ...LOAD_DEFAULTS,
      viewers: 50,
      rampSeconds: 1,
      seconds: 5,
      giftsPerSecond: 4,
      switchEverySeconds: 2,
      votesShare: 0.5,
      churnPerMinute: 1,
      reconnectStormAtSeconds: 3,
      slowReaders: 0.1,
      misbehaving: 0.1,
      rounds: 2,
      processes: 2,
    },
    { sample: (sample) => void samples.push(sample), say: () => undefined },
  );

  expect(result.money?.rounds.flatMap(({ differences }) => differences)).toEqual([]);
  expect(result.money?.rounds.map(({ receipt }) => receipt)).toEqual(['ok', 'ok']);
  expect(result.money?.ok).toBe(true);
  const paidSats = result.money?.rounds.reduce((sum, { receiptSats }) => sum + receiptSats, 0) ?? 0;
  expect(paidSats).toBeGreaterThan(20_000); // twenty gifts, and seconds

  expect(result.totals.errors).toEqual({});
  expect(result.totals).toMatchObject({ gifts: 20, votes: 25, claps: 100, switches: 125 });
  expect(result.totals.reconnects).toBeGreaterThanOrEqual(45);
  expect(result.totals.words).toBeGreaterThan(50);
  expect(result.latency.giftAck?.count).toBe(20);
  expect(result.latency.gift?.count).toBeGreaterThan(20);
  expect(result.latency.clap?.count).toBeGreaterThan(20);
  expect(result.latency.join?.count).toBe(result.totals.connections);

  expect(result.samples).toEqual(samples);
  expect(new Set(samples.map(({ phase }) => phase))).toEqual(new Set(['ramp', 'load', 'drain']));
  const words = samples.reduce((sum, { paymentsPerSecond }) => sum + paymentsPerSecond, 0);
  expect(words).toBeLessThanOrEqual(result.totals.words);
  expect(samples.some(({ engineCores }) => (engineCores ?? 0) > 0)).toBe(true);
  const threads = result.gc?.map(({ thread }) => thread) ?? [];
  expect(threads).toContain('shard-0');
  expect(threads.some((thread) => thread.startsWith('edge-'))).toBe(true);
  expect(threads.every((thread) => /^(?:main|writer|edge-\d|shard-\d)(?: \(\d\))?$/.test(thread))).toBe(true);
  const longestMs = Math.max(0, ...(result.gc ?? []).map((one) => one.longestMs));
  expect(Math.max(...samples.map(({ gcLongestMs }) => gcLongestMs ?? 0))).toBe(longestMs);
  expect(leftovers()).toEqual(before);
});

test('more viewers than files may be open are refused before anything is started', async () => {
  const on = {
    sample: () => undefined,
    say: (line: string) => {
      throw new Error(`it began: ${line}`);
    },
  };
  const options = { ...LOAD_DEFAULTS, viewers: 100_000_000, processes: 1 };
  await expect(runLoad(options, on)).rejects.toThrow('connections are possible');
});
