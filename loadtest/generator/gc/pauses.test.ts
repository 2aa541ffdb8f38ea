import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { GcKind } from '../../run-result.ts';
import { type PausesByKind, joined, totalOf } from './pauses.ts';

const entries = fc.array(
  fc.record({
    kind: fc.constantFrom<GcKind>('scavenge', 'markCompact', 'incremental', 'weak'),
    ms: fc.nat(1_000),
  }),
);

function of(kind: GcKind, ms: number): PausesByKind {
  return { [kind]: { count: 1, totalMs: ms, longestMs: ms } };
}

test('pauses add up, in whatever portions they are told', () => {
  fc.assert(
    fc.property(entries, fc.nat(20), (all, cut) => {
      const add = (sum: PausesByKind, { kind, ms }: (typeof all)[number]): PausesByKind =>
        joined(sum, of(kind, ms));
      const whole = all.reduce(add, {});
      expect(joined(all.slice(0, cut).reduce(add, {}), all.slice(cut).reduce(add, {}))).toEqual(whole);
      expect(totalOf(whole)).toEqual({
        count: all.length,
        totalMs: all.reduce((sum, { ms }) => sum + ms, 0),
        longestMs: Math.max(0, ...all.map(({ ms }) => ms)),
      });
      const kinds = new Set(all.map(({ kind }) => kind));
      expect(new Set(Object.keys(whole))).toEqual(kinds);
      for (const kind of kinds) {
        const ofKind = all.filter((one) => one.kind === kind).map(({ ms }) => ms);
        expect(whole[kind]?.count).toBe(ofKind.length);
        expect(whole[kind]?.longestMs).toBe(Math.max(...ofKind));
      }
    }),
  );
});
