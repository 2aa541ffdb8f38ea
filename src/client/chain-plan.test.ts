import { describe, expect, it } from 'vitest';
import { planChains, spanOfGift, watchChainOf, worthSats } from './chain-plan.ts';

describe('a plan of chains', () => {
  it('covers the watching and the gifts it is made for', () => {
    const { chains, holdSats } = planChains({ rateSatsPerSecond: 1, watchSeconds: 60, giftSats: 25_300 });
    expect(holdSats).toBe(25_360);
    expect(chains).toEqual([
      { unitSats: 1, length: 20_060 },
      { unitSats: 1_000, length: 25 },
    ]);
    expect(watchChainOf(chains)).toBe(0);
  });

  it('has a word for a second where the rate is high', () => {
    const { chains } = planChains({ rateSatsPerSecond: 250, watchSeconds: 60, giftSats: 0 });
    expect(chains[watchChainOf(chains)]).toEqual({ unitSats: 250, length: 60 });
  });
});

describe('the words of a gift', () => {
  const chains = [
    { unitSats: 1, length: 3_000 },
    { unitSats: 1_000, length: 30 },
  ];

  it('are as few as possible', () => {
    expect(spanOfGift(25_300, chains, [10, 2])).toEqual({ ok: true, to: [310, 27] });
    expect(worthSats(chains, [310, 27]) - worthSats(chains, [10, 2])).toBe(25_300);
  });

  it('come from the small chain when the large one is used up', () => {
    expect(spanOfGift(1_500, chains, [0, 30])).toEqual({ ok: true, to: [1_500, 30] });
  });

  it('are refused when there are not enough, or too many for one message', () => {
    expect(spanOfGift(500, chains, [2_600, 0])).toEqual({ ok: false, code: 'CHAIN_EXHAUSTED' });
    expect(spanOfGift(2_500, chains, [0, 30])).toEqual({ ok: false, code: 'STEP_TOO_LARGE' });
  });
});
