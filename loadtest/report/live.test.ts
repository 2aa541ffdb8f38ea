import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sample } from '../run-result.ts';
import { liveLines, plainLine } from './live.ts';
import { coloured, plain } from './paint.ts';
import { sparkline } from './sparkline.ts';
import { exampleResult } from './testing/example-result.ts';

const PLAN = { viewers: 500, rampSeconds: 5, seconds: 20 };
const { samples } = exampleResult();

function lines(changes: Partial<Sample> = {}, width = 100): string[] {
  const now = samples[11];
  if (now === undefined) throw new Error('the example is shorter');
  return liveLines({
    plan: PLAN,
    samples: [...samples.slice(0, 11), { ...now, ...changes }],
    width,
    paint: plain,
  });
}

describe('live lines', () => {
  it('are none before there is a sample', () => {
    expect(liveLines({ plan: PLAN, samples: [], width: 80, paint: plain })).toEqual([]);
    expect(plainLine(PLAN, [])).toBe('');
  });

  it('say how far it is, and what is going on', () => {
    const text = lines().join('\n');
    expect(text).toMatch(/load +12 of 25 s +█+░+/);
    expect(text).toContain('500 of 500');
    expect(text).toMatch(/p50 [\d.]+ +p99 [\d.]+ +max [\d.]+ ms/);
    expect(text).toContain('words asked every 1 s');
    expect(text).toMatch(/engine +0\.\d\d cores +\d+ MiB/);
    expect(text).toMatch(/generator +0\.\d\d cores +lag/);
  });

  it('count errors from the beginning', () => {
    expect(lines({ errors: 3 }).join('\n')).toContain('errors 3');
    const later = samples.slice(0, 20);
    expect(liveLines({ plan: PLAN, samples: later, width: 90, paint: plain }).join('\n')).toContain(
      'errors 3',
    );
  });

  it('say what is not known instead of inventing a number', () => {
    const text = lines({ engineCores: null, engineBytes: null, gift: null }).join('\n');
    expect(text).toContain('not ours to measure');
    expect(text).toContain('none in this second');
  });

  it('stand at the full bar while draining', () => {
    const text = lines({ phase: 'drain', atMs: 40_000 })[0];
    expect(text).toContain('load is over');
    expect(text).not.toContain('░');
  });

  it('never get longer than the terminal is wide, whatever the numbers', () => {
    const amount = fc.double({ min: 0, max: 1e15, noNaN: true });
    const sample = fc.record<Sample>({
      atMs: amount,
      phase: fc.constantFrom('ramp', 'load', 'drain'),
      connected: amount,
      paymentsPerSecond: amount,
      deliveriesPerSecond: amount,
      errors: fc.nat(),
      gift: fc.option(fc.record({ p50Ms: amount, p99Ms: amount, maxMs: amount })),
      engineCores: fc.option(amount),
      generatorCores: amount,
      engineBytes: fc.option(amount),
      gcLongestMs: fc.option(amount),
      generatorLagMs: amount,
      payEveryMs: amount,
    });
    const runs = fc.array(sample, { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(runs, fc.integer({ min: 1, max: 250 }), (many, width) => {
        const block = liveLines({ plan: PLAN, samples: many, width, paint: plain });
        expect(block).toHaveLength(7);
        expect(Math.max(...block.map((line) => line.length))).toBeLessThanOrEqual(width);
        const painted = liveLines({ plan: PLAN, samples: many, width, paint: coloured });
        // oxlint-disable-next-line no-control-regex -- colours are control characters
        expect(painted.map((line) => line.replaceAll(/\u001b\[\d+m/g, ''))).toEqual(block);
      }),
    );
  });
});

describe('a plain line', () => {
  it('has everything in one line', () => {
    const line = plainLine(PLAN, samples.slice(0, 20));
    expect(line).toMatch(/^20 s load \| 500\/500 viewers \| /);
    expect(line).toContain('3 errors');
    expect(line).not.toContain('\n');
  });
});

describe('a sparkline', () => {
  it('goes from nothing to the largest, newest last, with gaps', () => {
    expect(sparkline([0, null, 4, 8], 10)).toBe('▁ ▅█');
    expect(sparkline([9, 9, 0, 7], 2)).toBe('▁█');
    expect(sparkline([0, 0], 5)).toBe('▁▁');
    expect(sparkline([1, 2], 0)).toBe('');
    expect(sparkline([], 5)).toBe('');
  });
});
