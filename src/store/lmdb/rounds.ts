/** Rounds in the database. Write operations run in the writer thread, reads in the thread that asks. */
import { assert } from '../../core/assert.ts';
import { equalBytes } from '../../core/bytes.ts';
import { type Refusal, refuse } from '../../core/errors.ts';
import type { RoundId } from '../../core/ids.ts';
import type { FencedWrite, RoundRecord, RoundStore, RoundWrite, SavedRound } from '../../ports/store.ts';
import type { RoundTerms } from '../../round/terms.ts';
import { checkSnapshotOrder, segmentOrder } from '../saves.ts';
import { type Owner, ownerCodec, roundCodec, snapshotCodec } from './codecs.ts';
import { PRESENT, type Transaction, type View } from './database.ts';
import { keys, lastId, lastInteger, prefix } from './keys.ts';

/** The owner's record when this generation still owns the round. */
export function ownerOf(view: View, roundId: RoundId, generation: number): Owner | undefined {
  const owner = view.read(ownerCodec, keys.owner(roundId));
  return owner?.generation === generation ? owner : undefined;
}

export const roundWrites = {
  createRound(
    tx: Transaction,
    { terms, createdAtMs }: { readonly terms: RoundTerms; readonly createdAtMs: number },
  ): { readonly ok: true } | Refusal<'ROUND_EXISTS'> {
    const { roundId } = terms;
    if (tx.get(keys.owner(roundId)) !== undefined) return refuse('ROUND_EXISTS');
    const owner: Owner = { generation: 0, phase: 'scheduled', lastSeq: 0, snapshotSeq: 0 };
    tx.put(keys.round(roundId), roundCodec.encode({ terms, createdAtMs }));
    tx.put(keys.owner(roundId), ownerCodec.encode(owner));
    tx.put(keys.created(createdAtMs, roundId), PRESENT);
    tx.put(keys.unfinished(roundId), PRESENT);
    return { ok: true };
  },

  acquireRound(
    tx: Transaction,
    roundId: RoundId,
  ): { readonly ok: true; readonly generation: number } | Refusal<'ROUND_NOT_FOUND'> {
    const owner = tx.read(ownerCodec, keys.owner(roundId));
    if (owner === undefined) return refuse('ROUND_NOT_FOUND');
    const generation = owner.generation + 1;
    tx.put(keys.owner(roundId), ownerCodec.encode({ ...owner, generation }));
    return { ok: true, generation };
  },

  appendSegment(tx: Transaction, { roundId, generation, seq, bytes, phase }: RoundWrite): FencedWrite {
    const owner = ownerOf(tx, roundId, generation);
    if (owner === undefined) return refuse('STALE_GENERATION');
    if (segmentOrder(roundId, seq, owner.lastSeq) === 'replay') {
      const saved = tx.get(keys.segment(roundId, seq));
      assert(
        saved !== undefined && equalBytes(saved, bytes),
        `segment ${seq} of ${roundId} is saved with other bytes`,
      );
      return { ok: true };
    }
    tx.put(keys.segment(roundId, seq), bytes);
    saveOwner(tx, roundId, { ...owner, phase, lastSeq: seq });
    return { ok: true };
  },

  saveSnapshot(tx: Transaction, { roundId, generation, seq, bytes, phase }: RoundWrite): FencedWrite {
    const owner = ownerOf(tx, roundId, generation);
    if (owner === undefined) return refuse('STALE_GENERATION');
    checkSnapshotOrder(roundId, seq, owner);
    const covered = [...tx.scan(prefix('s', roundId))].filter(({ key }) => lastInteger(key) <= seq);
    for (const { key } of covered) tx.remove(key);
    tx.put(keys.snapshot(roundId), snapshotCodec.encode({ seq, bytes }));
    saveOwner(tx, roundId, { ...owner, phase, lastSeq: Math.max(owner.lastSeq, seq), snapshotSeq: seq });
    return { ok: true };
  },

  finishRound(
    tx: Transaction,
    { roundId, generation, phase }: Parameters<RoundStore['finishRound']>[0],
  ): FencedWrite {
    const owner = ownerOf(tx, roundId, generation);
    if (owner === undefined) return refuse('STALE_GENERATION');
    tx.put(keys.owner(roundId), ownerCodec.encode({ ...owner, phase }));
    tx.remove(keys.unfinished(roundId));
    return { ok: true };
  },
} as const;

/** A round that is settled has nothing left to do, also when `finishRound` was never reached. */
function saveOwner(tx: Transaction, roundId: RoundId, owner: Owner): void {
  tx.put(keys.owner(roundId), ownerCodec.encode(owner));
  if (owner.phase === 'settled') tx.remove(keys.unfinished(roundId));
}

export function readRound(view: View, roundId: RoundId): RoundRecord | undefined {
  const round = view.read(roundCodec, keys.round(roundId));
  const owner = view.read(ownerCodec, keys.owner(roundId));
  if (round === undefined || owner === undefined) return undefined;
  return { ...round, phase: owner.phase, generation: owner.generation };
}

export function listRounds(
  view: View,
  { limit, before }: Parameters<RoundStore['listRounds']>[0],
): readonly RoundRecord[] {
  const after = before === undefined ? {} : { after: keys.created(before.createdAtMs, before.roundId) };
  const rows = [...view.scan(prefix('c'), { limit, reverse: true, ...after })];
  return rows.map(({ key }) => existingRound(view, lastId(key, 9) as RoundId));
}

export function unfinishedRounds(view: View): readonly RoundRecord[] {
  return [...view.scan(prefix('u'))].map(({ key }) => existingRound(view, lastId(key, 1) as RoundId));
}

/** What is saved of a round, in one consistent view. */
export function savedRound(view: View, roundId: RoundId): Omit<SavedRound, 'generation'> {
  const { terms } = existingRound(view, roundId);
  const snapshot = view.read(snapshotCodec, keys.snapshot(roundId)) ?? null;
  const rows = view.scan(prefix('s', roundId));
  const segments = Array.from(rows, ({ key, value }) => ({ seq: lastInteger(key), bytes: value }));
  let expected = (snapshot?.seq ?? 0) + 1;
  for (const { seq } of segments)
    assert(seq === expected++, `round ${roundId} has a gap before segment ${seq}`);
  return { terms, snapshot, segments };
}

function existingRound(view: View, roundId: RoundId): RoundRecord {
  const round = readRound(view, roundId);
  assert(round !== undefined, `round ${roundId} is indexed and not there`);
  return round;
}
