/** Rounds: records, listings, fencing, segments and snapshots. */
import { describe, expect, it } from 'vitest';
import { AssertionFailure } from '../../src/core/assert.ts';
import type { RoundId } from '../../src/core/ids.ts';
import { PHASES, type Phase } from '../../src/round/terms.ts';
import { bytesOf, ownedRound, roundIdOf, termsOf } from './fixtures.ts';
import type { StoreUnderTest } from './store-under-test.ts';

const STALE = { ok: false, code: 'STALE_GENERATION' };

export function roundCases(current: () => StoreUnderTest): void {
  describe('rounds', () => {
    it('are created once and read back as they were given', async () => {
      const { store } = current();
      const terms = termsOf(roundIdOf('a'));
      expect(await store.readRound(terms.roundId)).toBeUndefined();
      expect(await store.createRound({ terms, createdAtMs: 42 })).toEqual({ ok: true });
      const record = { terms, createdAtMs: 42, phase: 'scheduled', generation: 0 };
      expect(await store.readRound(terms.roundId)).toEqual(record);
      const other = { ...terms, title: 'other' };
      expect(await store.createRound({ terms: other, createdAtMs: 43 })).toEqual({
        ok: false,
        code: 'ROUND_EXISTS',
      });
      expect(await store.readRound(terms.roundId)).toEqual(record);
    });

    it('with an end by height and without overtime keep their nulls', async () => {
      const { store } = current();
      const terms = {
        ...termsOf(roundIdOf('h')),
        end: { kind: 'height', height: 900_000 } as const,
        overtime: null,
      };
      await store.createRound({ terms, createdAtMs: 1 });
      expect((await store.readRound(terms.roundId))?.terms).toEqual(terms);
    });

    it('are created by exactly one of many who try at once', async () => {
      const { store } = current();
      const terms = termsOf(roundIdOf('race'));
      const answers = await Promise.all(
        Array.from({ length: 16 }, (_, i) => store.createRound({ terms, createdAtMs: i })),
      );
      expect(answers.filter((answer) => answer.ok)).toHaveLength(1);
    });

    it('are listed newest first, page by page, ties by id', async () => {
      const { store } = current();
      const expected: RoundId[] = [];
      for (let i = 0; i < 25; i++) {
        const terms = termsOf(roundIdOf(`list-${String.fromCodePoint(97 + i)}`));
        await store.createRound({ terms, createdAtMs: 1_000 + Math.floor(i / 3) });
        expected.unshift(terms.roundId);
      }
      const seen: RoundId[] = [];
      let before: { createdAtMs: number; roundId: RoundId } | undefined;
      for (;;) {
        const page = await store.listRounds({ limit: 4, ...(before === undefined ? {} : { before }) });
        if (page.length === 0) break;
        expect(page.length).toBeLessThanOrEqual(4);
        for (const { terms } of page) seen.push(terms.roundId);
        const last = page.at(-1);
        if (last !== undefined) before = { createdAtMs: last.createdAtMs, roundId: last.terms.roundId };
      }
      expect(seen).toEqual(expected);
      expect(await store.listRounds({ limit: 0 })).toEqual([]);
    });

    it('are unfinished until they are settled, or cancelled and finished', async () => {
      const { store } = current();
      for (const phase of PHASES) {
        const roundId = roundIdOf(`phase-${phase}`);
        const generation = await ownedRound(store, roundId);
        const bytes = bytesOf(3, 1);
        expect(await store.appendSegment({ roundId, generation, seq: 1, bytes, phase })).toEqual({
          ok: true,
        });
        expect((await store.readRound(roundId))?.phase).toBe(phase);
      }
      const unfinished = async (): Promise<Phase[]> =>
        (await store.unfinishedRounds()).map((record) => record.phase).toSorted();
      expect(await unfinished()).toEqual(PHASES.filter((phase) => phase !== 'settled').toSorted());
      const cancelled = roundIdOf('phase-cancelled');
      const finish = { roundId: cancelled, phase: 'cancelled' as const };
      expect(await store.finishRound({ ...finish, generation: 0 })).toEqual(STALE);
      expect(await unfinished()).toContain('cancelled');
      expect(await store.finishRound({ ...finish, generation: 1 })).toEqual({ ok: true });
      expect(await store.finishRound({ ...finish, generation: 1 })).toEqual({ ok: true });
      expect(await unfinished()).not.toContain('cancelled');
      expect((await store.readRound(cancelled))?.phase).toBe('cancelled');
    });
  });

  describe('owners of a round', () => {
    it('are told apart by a generation that rises with each of them', async () => {
      const { store } = current();
      const roundId = roundIdOf('own');
      expect(await store.acquireRound(roundId)).toEqual({ ok: false, code: 'ROUND_NOT_FOUND' });
      await store.createRound({ terms: termsOf(roundId), createdAtMs: 1 });
      expect(await store.acquireRound(roundId)).toEqual({
        ok: true,
        generation: 1,
        terms: termsOf(roundId),
        snapshot: null,
        segments: [],
      });
      const many = await Promise.all(Array.from({ length: 8 }, () => store.acquireRound(roundId)));
      const generations = many.map((answer) => (answer.ok ? answer.generation : 0));
      expect(generations.toSorted((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
      expect((await store.readRound(roundId))?.generation).toBe(9);
    });

    it('can write nothing once another has the round, nor under a generation that never was', async () => {
      const { store } = current();
      const roundId = roundIdOf('fence');
      const old = await ownedRound(store, roundId);
      await store.acquireRound(roundId);
      const bytes = bytesOf(10, 1);
      for (const generation of [old, old + 2, 0]) {
        const write = { roundId, generation, seq: 1, bytes, phase: 'live' as const };
        expect(await store.appendSegment(write)).toEqual(STALE);
        expect(await store.saveSnapshot(write)).toEqual(STALE);
        expect(await store.finishRound({ roundId, generation, phase: 'settled' })).toEqual(STALE);
      }
      const nowhere = { roundId: roundIdOf('nowhere'), generation: 1, seq: 1, bytes, phase: 'live' as const };
      expect(await store.appendSegment(nowhere)).toEqual(STALE);
      expect(await store.saveSnapshot(nowhere)).toEqual(STALE);
      const round = await store.readRound(roundId);
      expect(round).toMatchObject({ phase: 'scheduled', generation: old + 1 });
    });
  });

  describe('saves of a round', () => {
    it('come back in order, byte for byte, to the next owner', async () => {
      const { store } = current();
      const roundId = roundIdOf('save');
      const generation = await ownedRound(store, roundId);
      const sizes = [0, 1, 100, 2_000, 60_000, 300_000];
      const segments = sizes.map((size, i) => ({ seq: i + 1, bytes: bytesOf(size, i) }));
      const answers = await Promise.all(
        segments.map((segment) => store.appendSegment({ roundId, generation, phase: 'live', ...segment })),
      );
      expect(answers.every((answer) => answer.ok)).toBe(true);
      const saved = await store.acquireRound(roundId);
      expect(saved).toEqual({ ok: true, generation: 2, terms: termsOf(roundId), snapshot: null, segments });
    });

    it('replace what a snapshot covers, also while it is being read', async () => {
      const { store } = current();
      const roundId = roundIdOf('snap');
      const generation = await ownedRound(store, roundId);
      const save = { roundId, generation, phase: 'live' as const };
      for (let seq = 1; seq <= 4; seq++) await store.appendSegment({ ...save, seq, bytes: bytesOf(50, seq) });
      await store.saveSnapshot({ ...save, seq: 4, bytes: bytesOf(400_000, 4) });
      await store.appendSegment({ ...save, seq: 5, bytes: bytesOf(50, 5) });
      const before = await store.acquireRound(roundId);
      const next = { ...save, generation: 2 };
      const [replaced, during] = await Promise.all([
        store.saveSnapshot({ ...next, seq: 6, bytes: bytesOf(500_000, 6) }),
        store.acquireRound(roundId),
      ]);
      expect(replaced).toEqual({ ok: true });
      expect(before).toMatchObject({ snapshot: { seq: 4 }, segments: [{ seq: 5 }] });
      if (!before.ok || !during.ok) throw new Error('the round was not acquired');
      expect(before.snapshot?.bytes).toEqual(bytesOf(400_000, 4)); // not what lies there now
      const after = await store.acquireRound(roundId);
      if (!after.ok) throw new Error('the round was not acquired');
      expect(after.snapshot).toEqual({ seq: 6, bytes: bytesOf(500_000, 6) });
      expect(after.segments).toEqual([]);
      expect([4, 6]).toContain(during.snapshot?.seq);
      expect(during.segments).toHaveLength(during.snapshot?.seq === 4 ? 1 : 0);
    });

    it('keep the segments behind a snapshot', async () => {
      const { store } = current();
      const roundId = roundIdOf('behind');
      const generation = await ownedRound(store, roundId);
      const save = { roundId, generation, phase: 'live' as const };
      for (let seq = 1; seq <= 5; seq++) await store.appendSegment({ ...save, seq, bytes: bytesOf(9, seq) });
      await store.saveSnapshot({ ...save, seq: 3, bytes: bytesOf(30, 3) });
      const saved = await store.acquireRound(roundId);
      expect(saved.ok && saved.segments.map(({ seq }) => seq)).toEqual([4, 5]);
    });

    it('must not leave a gap, go back or change; the last one again is fine', async () => {
      const { store } = current();
      const roundId = roundIdOf('gap');
      const generation = await ownedRound(store, roundId);
      const save = { roundId, generation, phase: 'live' as const, bytes: bytesOf(20, 1) };
      await expect(store.appendSegment({ ...save, seq: 2 })).rejects.toThrow(AssertionFailure);
      await store.appendSegment({ ...save, seq: 1 });
      await store.appendSegment({ ...save, seq: 2 });
      expect(await store.appendSegment({ ...save, seq: 2 })).toEqual({ ok: true });
      await expect(store.appendSegment({ ...save, seq: 2, bytes: bytesOf(20, 9) })).rejects.toThrow(
        AssertionFailure,
      );
      await expect(store.appendSegment({ ...save, seq: 1 })).rejects.toThrow(AssertionFailure);
      await expect(store.appendSegment({ ...save, seq: 4 })).rejects.toThrow(AssertionFailure);
      await expect(store.saveSnapshot({ ...save, seq: 4 })).rejects.toThrow(AssertionFailure);
      await store.saveSnapshot({ ...save, seq: 3 });
      expect(await store.saveSnapshot({ ...save, seq: 3 })).toEqual({ ok: true });
      await expect(store.saveSnapshot({ ...save, seq: 2 })).rejects.toThrow(AssertionFailure);
      await store.appendSegment({ ...save, seq: 4 });
      const saved = await store.acquireRound(roundId);
      expect(saved).toMatchObject({ snapshot: { seq: 3 }, segments: [{ seq: 4 }] });
    });

    it('do not share memory with the caller', async () => {
      const { store } = current();
      const roundId = roundIdOf('alias');
      const generation = await ownedRound(store, roundId);
      const large = bytesOf(1_000, 5);
      const bytes = large.subarray(100, 200);
      await store.appendSegment({ roundId, generation, seq: 1, bytes, phase: 'live' });
      const expected = bytes.slice();
      large.fill(0);
      const first = await store.acquireRound(roundId);
      if (!first.ok) throw new Error('the round was not acquired');
      expect(first.segments[0]?.bytes).toEqual(expected);
      first.segments[0]?.bytes.fill(0);
      const second = await store.acquireRound(roundId);
      expect(second.ok && second.segments[0]?.bytes).toEqual(expected);
    });

    it('of 200 rounds are all recovered', async () => {
      const { store, reopen } = current();
      const rounds = Array.from({ length: 200 }, (_, i) => roundIdOf(`many-${i}`));
      await Promise.all(
        rounds.map(async (roundId, i) => {
          const generation = await ownedRound(store, roundId);
          const save = { roundId, generation, phase: 'live' as const };
          await store.appendSegment({ ...save, seq: 1, bytes: bytesOf(40, i) });
          await store.saveSnapshot({ ...save, seq: 2, bytes: bytesOf(900, i) });
          await store.appendSegment({ ...save, seq: 3, bytes: bytesOf(40, i + 1) });
        }),
      );
      const survivor = reopen === undefined ? store : await reopen();
      const unfinished = await survivor.unfinishedRounds();
      expect(unfinished.map(({ terms }) => terms.roundId).toSorted()).toEqual(rounds.toSorted());
      const saved = await Promise.all(rounds.map((roundId) => survivor.acquireRound(roundId)));
      for (const [i, round] of saved.entries()) {
        expect(round).toEqual({
          ok: true,
          generation: 2,
          terms: termsOf(roundIdOf(`many-${i}`)),
          snapshot: { seq: 2, bytes: bytesOf(900, i) },
          segments: [{ seq: 3, bytes: bytesOf(40, i + 1) }],
        });
      }
    });
  });

  describe('a store', () => {
    it('answers that it works until it is closed', async () => {
      const { store } = current();
      expect(await store.check()).toBe(true);
      await store.close();
      expect(await store.check()).toBe(false);
      await store.close();
    });
  });
}
