import { expect, test } from 'vitest';
import { LIMITS } from '../core/limits.ts';
import { type AllowanceQuery, allowance, watchBoundSats } from './allowance.ts';

const base: AllowanceQuery = {
  purpose: 'watch',
  index: 11,
  tipIndex: 10,
  unitSats: 2,
  length: 5000,
  paidSats: 100,
  watchSats: 40,
  holdSats: 1_000_000,
  watchSatsMax: 1_000_000,
};

test('a step inside every bound is worth its units', () => {
  expect(allowance(base)).toEqual({ ok: true, step: 1, sats: 2 });
  expect(allowance({ ...base, index: 610 })).toEqual({ ok: true, step: 600, sats: 1200 });
});

test('an index at or below the tip is old news, worth nothing, whatever else is exceeded', () => {
  for (const index of [0, 9, 10]) {
    expect(allowance({ ...base, index, holdSats: 0, watchSatsMax: 0 })).toEqual({
      ok: true,
      step: 0,
      sats: 0,
    });
  }
});

test.each([
  ['CHAIN_EXHAUSTED', { index: 5001, tipIndex: 5000 }],
  ['STEP_TOO_LARGE', { index: 10 + LIMITS.watchStepMax + 1 }],
  ['STEP_TOO_LARGE', { purpose: 'gift', index: 10 + LIMITS.giftStepMax + 1 }],
  ['OVER_HOLD', { holdSats: 101 }],
  ['OVER_HOLD', { purpose: 'gift', holdSats: 101 }],
  ['TOO_EARLY', { watchSatsMax: 41 }],
] as const)('%s is what %j is refused with', (code, fields) => {
  expect(allowance({ ...base, ...fields })).toEqual({ ok: false, code });
});

test('the last unit of each bound still passes', () => {
  expect(allowance({ ...base, holdSats: 102, watchSatsMax: 42 }).ok).toBe(true);
  expect(allowance({ ...base, purpose: 'gift', watchSatsMax: 0 }).ok).toBe(true);
  expect(allowance({ ...base, purpose: 'gift', index: 10 + LIMITS.giftStepMax }).ok).toBe(true);
  expect(allowance({ ...base, index: 5000, tipIndex: 4999 }).ok).toBe(true);
});

test('of two reasons, the one that waiting does not help against is given', () => {
  expect(allowance({ ...base, holdSats: 0, watchSatsMax: 0 })).toEqual({ ok: false, code: 'OVER_HOLD' });
  expect(allowance({ ...base, index: 9999, holdSats: 0 })).toEqual({ ok: false, code: 'CHAIN_EXHAUSTED' });
});

function bound(nowMs: number, endsAtMs: number | null = null): number {
  return watchBoundSats({ nowMs, watchFromMs: 10_000, endsAtMs, rateSatsPerSecond: 3 });
}

test('watching may have cost whole seconds and a grace, from its start to the end of the round', () => {
  expect(bound(9_999)).toBe(0);
  expect(bound(10_000)).toBe(3 * LIMITS.watchGraceSeconds);
  expect(bound(10_999)).toBe(3 * LIMITS.watchGraceSeconds);
  expect(bound(11_000)).toBe(3 * (LIMITS.watchGraceSeconds + 1));
  expect(bound(99_000, 20_000)).toBe(3 * (LIMITS.watchGraceSeconds + 10));
  expect(bound(99_000, 5_000)).toBe(0);
});
