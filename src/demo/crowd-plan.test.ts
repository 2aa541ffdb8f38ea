import { describe, expect, it } from 'vitest';
import { planCrowd } from './crowd-plan.ts';

const options = { seed: 5, viewers: 200, participants: 3, durationMs: 20_000, giftShare: 0.5 };

describe('planCrowd', () => {
  it('is the same for the same seed and another for another', () => {
    expect(planCrowd(options)).toEqual(planCrowd(options));
    expect(planCrowd(options)).not.toEqual(planCrowd({ ...options, seed: 6 }));
  });

  it('has every viewer watch from the start, and nobody act outside of the battle', () => {
    const acts = planCrowd(options);
    const starting = acts.filter(({ atMs, act }) => atMs === 0 && act.kind === 'watch');
    expect(new Set(starting.map(({ viewer }) => viewer)).size).toBe(options.viewers);
    for (const { atMs, act } of acts) {
      expect(atMs).toBeLessThan(options.durationMs - 2_000);
      expect(act.target).toBeLessThan(options.participants);
    }
  });

  it('lets nobody vote twice and gives everybody somebody to watch', () => {
    const votes = planCrowd(options).filter(({ act }) => act.kind === 'vote');
    expect(new Set(votes.map(({ viewer }) => viewer)).size).toBe(votes.length);
    for (let target = 0; target < 3; target++) {
      expect(planCrowd(options).some(({ act }) => act.kind === 'watch' && act.target === target)).toBe(true);
    }
  });
});
