import { expect, test } from 'vitest';
import { encodeSnapshot } from '../round/save-codec.ts';
import { rehearsal } from './rehearsal.ts';

test('a rehearsal restores a whole round with everything that was paid, as often as it is asked to', () => {
  const restore = rehearsal();
  const [first, second] = [restore(), restore()];
  expect(first.totals.openStreams).toBe(first.streams.count);
  expect(first.totals.sats).toEqual(Float64Array.of(first.streams.count / 2, first.streams.count / 2));
  expect(encodeSnapshot(second)).toEqual(encodeSnapshot(first));
});
