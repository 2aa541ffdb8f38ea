import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { LIMITS } from '../core/limits.ts';
import { applyDelta, clonePublicState, diffState } from './public-delta.ts';
import type { PublicGift, PublicState } from './public-state.ts';
import { publicState } from './publish.ts';
import { createRound } from './state.ts';
import { T0, accountNo, testTerms } from './test-driver.ts';
import { PHASES } from './terms.ts';

const base = publicState(createRound({ terms: testTerms(), epoch: 1, nowMs: T0 }), []);

const small = fc.nat(3);
const participant = fc.record({
  sats: small,
  satsPerSecond: fc.nat(1),
  votes: small,
  claps: small,
  score: small,
  rank: fc.integer({ min: 1, max: 3 }),
  watchers: small,
});
const changes = fc.record({
  phase: fc.constantFrom(...PHASES),
  startsAtMs: small,
  endsAtMs: fc.option(small),
  cutoffAtMs: fc.option(small),
  payEveryMs: small,
  viewers: small,
  atMs: fc.nat(2),
  participants: fc.tuple(participant, participant, participant),
  supporters: fc.array(
    small.map((no) => ({ account: accountNo(no), name: `v${no}`, sats: no })),
    { maxLength: 3 },
  ),
  gifts: fc.nat(30),
});

/** A later state of the same round: gifts only come after gifts. */
function later(
  from: PublicState,
  change: typeof changes extends fc.Arbitrary<infer T> ? T : never,
): PublicState {
  const gifts: PublicGift[] = [...from.gifts];
  for (let i = 0; i < change.gifts; i++) {
    const no = (gifts.at(-1)?.no ?? 0) + 1;
    gifts.push({ no, from: 'v', account: accountNo(no), target: 0, sats: no, atMs: no });
  }
  return {
    ...from,
    ...change,
    atMs: from.atMs + change.atMs,
    participants: from.participants.map((each, index) => ({ ...each, ...change.participants[index] })),
    gifts: gifts.slice(-LIMITS.giftsShown),
  };
}

it('turns one state into the other, over any run of deltas', () => {
  fc.assert(
    fc.property(fc.array(changes, { maxLength: 8 }), (list) => {
      const replica = clonePublicState(base);
      let state = base;
      for (const change of list) {
        state = later(state, change);
        const delta = diffState(replica, state);
        if (delta !== undefined) applyDelta(replica, delta);
        // Its time is the levels' time: it may stay behind only while no level grows.
        if (state.participants.some((each) => each.satsPerSecond > 0)) expect(replica.atMs).toBe(state.atMs);
        expect({ ...replica, atMs: 0 }).toEqual({ ...state, atMs: 0 });
      }
    }),
  );
});

it('does not reach back into the state it was cloned from', () => {
  const copy = clonePublicState(base);
  const next = later(base, {
    phase: 'live',
    startsAtMs: 1,
    endsAtMs: 2,
    cutoffAtMs: 3,
    payEveryMs: 4,
    viewers: 5,
    atMs: 6,
    participants: [
      { sats: 1, satsPerSecond: 1, votes: 1, claps: 1, score: 1, rank: 1, watchers: 1 },
      { sats: 1, satsPerSecond: 1, votes: 1, claps: 1, score: 1, rank: 2, watchers: 1 },
      { sats: 1, satsPerSecond: 1, votes: 1, claps: 1, score: 1, rank: 3, watchers: 1 },
    ],
    supporters: [],
    gifts: 3,
  });
  const before = structuredClone(base);
  const delta = diffState(copy, next);
  expect(delta).toBeDefined();
  if (delta !== undefined) applyDelta(copy, delta);
  expect(copy).toEqual(next);
  expect(base).toEqual(before);
});

it('finds nothing to say between equal states', () => {
  expect(diffState(base, clonePublicState(base))).toBeUndefined();
});
