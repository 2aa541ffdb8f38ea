/** Rounds of the memory store: records, fencing generations, snapshots and segments. */
import { assert } from '../../core/assert.ts';
import { equalBytes } from '../../core/bytes.ts';
import { refuse } from '../../core/errors.ts';
import { compareIds } from '../../core/ids.ts';
import type { RoundRecord, RoundStore } from '../../ports/store.ts';
import { checkSnapshotOrder, segmentOrder } from '../saves.ts';
import { type MemoryRound, type MemoryState, copyBytes, ownsRound } from './state.ts';

export function memoryRounds(state: MemoryState): RoundStore {
  return {
    async createRound({ terms, createdAtMs }) {
      if (state.rounds.has(terms.roundId)) return refuse('ROUND_EXISTS');
      state.rounds.set(terms.roundId, {
        terms,
        createdAtMs,
        phase: 'scheduled',
        generation: 0,
        seq: 0,
        snapshot: null,
        segments: [],
        finished: false,
      });
      return { ok: true };
    },

    async readRound(roundId) {
      const round = state.rounds.get(roundId);
      return round === undefined ? undefined : recordOf(round);
    },

    async listRounds({ limit, before }) {
      const records = [...state.rounds.values()].map(recordOf).toSorted(newestFirst);
      const from =
        before === undefined
          ? records
          : records.filter(
              (record) =>
                record.createdAtMs < before.createdAtMs ||
                (record.createdAtMs === before.createdAtMs && record.terms.roundId < before.roundId),
            );
      return from.slice(0, limit);
    },

    async unfinishedRounds() {
      const open = [...state.rounds.values()].filter((round) => !round.finished && round.phase !== 'settled');
      return open.map(recordOf).toSorted((a, b) => compareIds(a.terms.roundId, b.terms.roundId));
    },

    async acquireRound(roundId) {
      const round = state.rounds.get(roundId);
      if (round === undefined) return refuse('ROUND_NOT_FOUND');
      round.generation++;
      return {
        ok: true,
        generation: round.generation,
        terms: round.terms,
        snapshot: round.snapshot === null ? null : copySave(round.snapshot),
        segments: round.segments.map(copySave),
      };
    },

    async appendSegment({ roundId, generation, seq, bytes, phase }) {
      const round = state.rounds.get(roundId);
      if (round?.generation !== generation) return refuse('STALE_GENERATION');
      if (segmentOrder(roundId, seq, round.seq) === 'replay') {
        const last = round.segments.at(-1);
        assert(
          last?.seq === seq && equalBytes(last.bytes, bytes),
          `segment ${seq} of ${roundId} is saved with other bytes`,
        );
        return { ok: true };
      }
      round.segments.push({ seq, bytes: copyBytes(bytes) });
      round.seq = seq;
      round.phase = phase;
      return { ok: true };
    },

    async saveSnapshot({ roundId, generation, seq, bytes, phase }) {
      const round = state.rounds.get(roundId);
      if (round?.generation !== generation) return refuse('STALE_GENERATION');
      checkSnapshotOrder(roundId, seq, { lastSeq: round.seq, snapshotSeq: round.snapshot?.seq ?? 0 });
      round.snapshot = { seq, bytes: copyBytes(bytes) };
      round.segments = round.segments.filter((segment) => segment.seq > seq);
      round.seq = Math.max(round.seq, seq);
      round.phase = phase;
      return { ok: true };
    },

    async finishRound({ roundId, generation, phase }) {
      const round = state.rounds.get(roundId);
      if (round === undefined || !ownsRound(state, roundId, generation)) return refuse('STALE_GENERATION');
      round.phase = phase;
      round.finished = true;
      return { ok: true };
    },
  };
}

function recordOf(round: MemoryRound): RoundRecord {
  const { terms, createdAtMs, phase, generation } = round;
  return { terms, createdAtMs, phase, generation };
}

function newestFirst(a: RoundRecord, b: RoundRecord): number {
  return b.createdAtMs - a.createdAtMs || compareIds(b.terms.roundId, a.terms.roundId);
}

function copySave(save: { readonly seq: number; readonly bytes: Uint8Array }): {
  readonly seq: number;
  readonly bytes: Uint8Array;
} {
  return { seq: save.seq, bytes: copyBytes(save.bytes) };
}
