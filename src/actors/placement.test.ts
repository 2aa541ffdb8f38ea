import { expect, test } from 'vitest';
import type { RoundId } from '../core/ids.ts';
import { Placement } from './placement.ts';

const id = (n: number): RoundId => `round-${n}` as RoundId;

test('places each round on the shard with the fewest', () => {
  const placement = new Placement(3);
  for (let n = 0; n < 200; n++) placement.place(id(n));
  expect(placement.load).toEqual([67, 67, 66]);
});

test('fills the gap that a removed round leaves, under a handle that was never used', () => {
  const placement = new Placement(2);
  const first = placement.place(id(1));
  placement.place(id(2));
  placement.remove(first);
  const third = placement.place(id(3));
  expect([third.shard, third.handle]).toEqual([first.shard, 3]);
  expect([placement.byRound(id(1)), placement.byHandle(1)]).toEqual([undefined, undefined]);
});

test('refuses to place a round twice', () => {
  const placement = new Placement(1);
  placement.place(id(1));
  expect(() => placement.place(id(1))).toThrow('placed once');
});
