import { describe, expect, it } from 'vitest';
import { AssertionFailure } from './assert.ts';
import { SATS_MAX, addSats, isSats, sats, subSats, sumSats } from './sats.ts';

describe('sats', () => {
  it('are whole, not negative and never more than all there is', () => {
    for (const value of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, SATS_MAX + 1, '1', null]) {
      expect(isSats(value)).toBe(false);
    }
    expect(isSats(SATS_MAX)).toBe(true);
  });

  it('add, subtract and sum exactly, and assert instead of wrapping', () => {
    expect(addSats(sats(1), sats(2))).toBe(3);
    expect(subSats(sats(2), sats(2))).toBe(0);
    expect(sumSats([sats(1), sats(2), sats(3)])).toBe(6);
    expect(() => subSats(sats(1), sats(2))).toThrow(AssertionFailure);
    expect(() => addSats(sats(SATS_MAX), sats(1))).toThrow(AssertionFailure);
  });
});
