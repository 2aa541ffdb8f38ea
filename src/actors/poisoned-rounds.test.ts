import { expect, it } from 'vitest';
import { POISON, PoisonedRounds } from './poisoned-rounds.ts';

it('a round is given up at its third crash within a minute', () => {
  const rounds = new PoisonedRounds();
  expect([0, 10_000, 20_000].map((atMs) => rounds.note(7, atMs))).toEqual([false, false, true]);
});

it('crashes of other rounds, and those long ago, do not count', () => {
  const rounds = new PoisonedRounds();
  expect([1, 2, 3, 4].map((handle) => rounds.note(handle, 0))).toEqual([false, false, false, false]);
  const apartMs = POISON.withinMs / 2;
  expect([0, 1, 2, 3, 4].map((no) => rounds.note(9, no * apartMs + no))).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
});
