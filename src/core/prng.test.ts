import { describe, expect, it } from 'vitest';
import { Prng } from './prng.ts';

function draw(seed: number): number[] {
  const prng = new Prng(seed);
  return Array.from({ length: 100 }, () => prng.u32());
}

describe('Prng', () => {
  it('gives the same numbers for the same seed, and others for another', () => {
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('spreads evenly: no bucket of 16 is off by more than a tenth over 160,000 draws', () => {
    const prng = new Prng(7);
    const buckets = Array.from({ length: 16 }, () => 0);
    for (let i = 0; i < 160_000; i++) {
      const at = prng.below(16);
      buckets[at] = (buckets[at] ?? 0) + 1;
    }
    for (const count of buckets) expect(Math.abs(count - 10_000)).toBeLessThan(1_000);
  });

  it('keeps chances at their edges', () => {
    const prng = new Prng(3);
    for (let i = 0; i < 1_000; i++) {
      expect(prng.chance(0)).toBe(false);
      expect(prng.chance(1)).toBe(true);
    }
  });
});
