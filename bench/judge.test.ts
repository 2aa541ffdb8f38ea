import { describe, expect, it } from 'vitest';
import { figuresOf, isHeld, ratioOf } from './judge.ts';

const bare = (values: readonly number[]): { name: string; values: readonly number[] } => ({
  name: 'bare',
  values,
});

describe('a verdict', () => {
  it('has the ratio of each repeat to the base of the same repeat', () => {
    // The machine was twice as slow in the second repeat: the ratio is not.
    const slowed = { ours: [80, 40, 82], base: bare([100, 50, 100]) };
    expect(figuresOf(slowed)).toEqual([0.8, 0.8, 0.82]);
    expect(ratioOf(slowed)).toBe(0.8);
    expect(ratioOf({ ours: [1], base: null })).toBeNull();
  });

  it('refuses a base with other repeats', () => {
    expect(() => ratioOf({ ours: [1, 2], base: bare([1]) })).toThrow('in turns');
  });

  it.each([
    ['ratio', 'atLeast', 0.8, true],
    ['ratio', 'atLeast', 0.81, false],
    ['ratio', 'atMost', 0.8, true],
    ['ratio', 'atMost', 0.79, false],
    ['value', 'atLeast', 80, true],
    ['value', 'atLeast', 81, false],
    ['value', 'atMost', 80, true],
    ['value', 'atMost', 79, false],
  ] as const)('on the %s, %s %d: held is %s', (of, is, limit, held) => {
    const result = { name: 'one', ours: [80, 79, 90], base: bare([100, 100, 100]) };
    expect(isHeld({ ...result, bar: { of, is, limit } })).toBe(held);
  });

  it('is none without a bar, and a bar on a ratio needs a base', () => {
    const alone = { name: 'one', ours: [1], base: null };
    expect(isHeld({ ...alone, bar: null })).toBeNull();
    expect(() => isHeld({ ...alone, bar: { of: 'ratio', is: 'atLeast', limit: 1 } })).toThrow('needs a base');
  });
});
