import { expect, it } from 'vitest';
import { percentilesOf } from './percentiles.ts';

it('takes percentiles by nearest rank', () => {
  const samples = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(percentilesOf(samples)).toEqual({ p50: 50, p99: 99, max: 100 });
  expect(percentilesOf([3])).toEqual({ p50: 3, p99: 3, max: 3 });
  expect(percentilesOf([])).toEqual({ p50: 0, p99: 0, max: 0 });
});
