/**
 * Rounds: the record of each, who owns it, and what its owner has saved.
 *
 *   rounds/<round>   terms, ms (creation), phase, fin: 1 when nothing is left to do
 *                    gen: fencing generation; own: who raised it last
 *                    seq: last save; snap: snapshot; snapSeq: its number; segs: [seq, blob ...] behind it
 *                    lock: the multi-record write that is being decided for this round
 *
 * Bytes go to blobs first, under names of their own; then one write to the record makes them part of the round,
 * on condition that the generation is still the owner's and the save is the next one. So an owner that lost
 * the round writes bytes nobody refers to. Acquiring raises the generation first and reads then: nothing
 * of an older owner can be added to what the new one reads.
 */
import { assert } from '../../core/assert.ts';
import { equalBytes } from '../../core/bytes.ts';
import { EngineError, refuse } from '../../core/errors.ts';
import { type RoundId, compareIds } from '../../core/ids.ts';
import type { FencedWrite, RoundRecord, RoundStore, RoundWrite, SavedRound } from '../../ports/store.ts';
import type { Phase, RoundTerms } from '../../round/terms.ts';
import { checkSnapshotOrder, segmentOrder } from '../saves.ts';
import { bytesOf, existing, integerOf, listOf, pack, textOf, unpack } from './bins.ts';
import {
  BlobGone,
  type BlobRef,
  blobIn,
  blobOf,
  blobValue,
  discardBlobs,
  freshId,
  readBlob,
  readBlobs,
  writeBlob,
} from './blobs.ts';
import { lockIn, roundAt } from './change-steps.ts';
import { addMember, indexes, membersOf, removeMember } from './indexes.ts';
import type { BinValue, Bins, Condition, Op } from './mutation.ts';
import type { Records } from './records.ts';
import { addToTimeline, readTimeline } from './round-timeline.ts';
import { SerialByKey } from './serial-by-key.ts';
import type { Transactions } from './transactions.ts';

interface Segment {
  readonly seq: number;
  readonly ref: BlobRef;
}

/** Times that a save may be replaced while it is read before it counts as lost. */
const READS_MAX = 16;
const RECORD_BINS = ['terms', 'ms', 'phase', 'gen', 'fin'];

export class Rounds implements RoundStore {
  readonly #records: Records;
  readonly #transactions: Transactions;
  /** Saves of a round happen in the order in which they are asked for. */
  readonly #serial = new SerialByKey();

  constructor(records: Records, transactions: Transactions) {
    this.#records = records;
    this.#transactions = transactions;
  }

  async createRound({
    terms,
    createdAtMs,
  }: Parameters<RoundStore['createRound']>[0]): ReturnType<RoundStore['createRound']> {
    const { roundId } = terms;
    const at = roundAt(roundId);
    if ((await this.#records.get(at, ['gen'])) !== undefined) return refuse('ROUND_EXISTS');
    await addMember(this.#records, indexes.unfinished, roundId);
    await addToTimeline(this.#records, { createdAtMs, roundId });
    const mine = freshId();
    const ops: Op[] = [
      { op: 'put', bin: 'id', value: roundId },
      { op: 'put', bin: 'terms', value: pack(terms) },
      { op: 'put', bin: 'ms', value: createdAtMs },
      { op: 'put', bin: 'phase', value: 'scheduled' },
      { op: 'put', bin: 'gen', value: 0 },
      { op: 'put', bin: 'own', value: mine },
      { op: 'put', bin: 'made', value: mine },
      { op: 'put', bin: 'seq', value: 0 },
    ];
    const isMine = (bins: Bins | undefined): boolean => textOf(bins, 'made') === mine;
    const created = await this.#records.apply({ at, ops, existence: 'create' }, isMine);
    return created.kind === 'applied' ? { ok: true } : refuse('ROUND_EXISTS');
  }

  async readRound(roundId: RoundId): Promise<RoundRecord | undefined> {
    const bins = await this.#records.get(roundAt(roundId), RECORD_BINS);
    return bins === undefined ? undefined : recordIn(bins);
  }

  listRounds(page: Parameters<RoundStore['listRounds']>[0]): Promise<readonly RoundRecord[]> {
    return readTimeline(page, this.#records, async (roundIds) => {
      const found = await this.#records.getMany(roundIds.map(roundAt));
      return found.map((bins) => (bins === undefined ? undefined : recordIn(bins)));
    });
  }

  async unfinishedRounds(): Promise<readonly RoundRecord[]> {
    const members = await membersOf(this.#records, indexes.unfinished);
    const found = await this.#records.getMany(members.map(([roundId]) => roundAt(roundId)));
    const open: RoundRecord[] = [];
    const over: RoundId[] = [];
    for (const bins of found) {
      if (bins === undefined) continue; // being created, or never was
      const record = recordIn(bins);
      if (integerOf(bins, 'fin') === 1 || record.phase === 'settled') over.push(record.terms.roundId);
      else open.push(record);
    }
    await Promise.all(over.map((roundId) => removeMember(this.#records, indexes.unfinished, roundId)));
    return open.toSorted((a, b) => compareIds(a.terms.roundId, b.terms.roundId));
  }

  acquireRound(roundId: RoundId): ReturnType<RoundStore['acquireRound']> {
    return this.#serial.run(roundId, async () => {
      const generation = await this.#raiseGeneration(roundId);
      if (generation === undefined) return refuse('ROUND_NOT_FOUND');
      for (let tries = 1; ; tries++) {
        try {
          return { ok: true, ...(await this.#saved(roundId)), generation: generation.number };
        } catch (error) {
          // Another owner has taken the round since and replaced what is being read: read what it saved.
          if (!(error instanceof BlobGone)) throw error;
          if (tries < READS_MAX) continue;
          throw new EngineError('STORE_FAILED', {
            message: `Round ${roundId} refers to bytes that are not there: ${error.message}.`,
            cause: error,
          });
        }
      }
    });
  }

  appendSegment(write: RoundWrite): Promise<FencedWrite> {
    return this.#serial.run(write.roundId, async () => {
      const ref = await writeBlob(this.#records, write.bytes);
      // When this throws, the record may refer to the bytes, now or later: they stay.
      const answer = await this.#append(write, ref);
      if (answer !== 'kept') await discardBlobs(this.#records, [ref]);
      if (answer === 'stale') return refuse('STALE_GENERATION');
      if (write.phase === 'settled') await removeMember(this.#records, indexes.unfinished, write.roundId);
      return { ok: true };
    });
  }

  saveSnapshot(write: RoundWrite): Promise<FencedWrite> {
    return this.#serial.run(write.roundId, async () => {
      const { roundId, seq } = write;
      const before = await this.#records.get(roundAt(roundId));
      if (before === undefined || integerOf(before, 'gen') !== write.generation) {
        return refuse('STALE_GENERATION');
      }
      const lastSeq = integerOf(before, 'seq');
      checkSnapshotOrder(roundId, seq, { lastSeq, snapshotSeq: integerOf(before, 'snapSeq') });
      const ref = await writeBlob(this.#records, write.bytes);
      const segments = segmentsIn(before);
      const rest = segments.filter((segment) => segment.seq > seq);
      const outcome = await this.#change(write, {
        ops: [
          { op: 'put', bin: 'snap', value: blobValue(ref) },
          { op: 'put', bin: 'snapSeq', value: seq },
          { op: 'put', bin: 'seq', value: Math.max(lastSeq, seq) },
          { op: 'put', bin: 'segs', value: rest.map(segmentValue) },
        ],
        when: [{ is: 'equal', bin: 'seq', value: lastSeq }],
        isDone: (bins) => blobIn(bins, 'snap')?.name === ref.name,
      });
      if (outcome !== 'applied') {
        await discardBlobs(this.#records, [ref]);
        assert(outcome === 'stale', `round ${roundId} has two writers of one generation`);
        return refuse('STALE_GENERATION');
      }
      const old = blobIn(before, 'snap');
      const covered = segments.filter((segment) => segment.seq <= seq).map((segment) => segment.ref);
      await discardBlobs(this.#records, old === undefined ? covered : [old, ...covered]);
      if (write.phase === 'settled') await removeMember(this.#records, indexes.unfinished, roundId);
      return { ok: true };
    });
  }

  finishRound(write: Parameters<RoundStore['finishRound']>[0]): Promise<FencedWrite> {
    return this.#serial.run(write.roundId, async () => {
      const outcome = await this.#change(write, {
        ops: [{ op: 'put', bin: 'fin', value: 1 }],
        when: [],
        isDone: (bins) => integerOf(bins, 'fin') === 1 && textOf(bins, 'phase') === write.phase,
      });
      if (outcome !== 'applied') return refuse('STALE_GENERATION');
      await removeMember(this.#records, indexes.unfinished, write.roundId);
      return { ok: true };
    });
  }

  /** A write of the owner: only under its generation. 'filtered': still the owner, but `when` does not hold. */
  async #change(
    write: { readonly roundId: RoundId; readonly generation: number; readonly phase: Phase },
    change: {
      readonly ops: readonly Op[];
      readonly when: readonly Condition[];
      isDone(bins: Bins | undefined): boolean;
    },
  ): Promise<'applied' | 'filtered' | 'stale'> {
    const at = roundAt(write.roundId);
    const outcome = await this.#records.apply(
      {
        at,
        ops: [...change.ops, { op: 'put', bin: 'phase', value: write.phase }],
        when: [{ is: 'equal', bin: 'gen', value: write.generation }, ...change.when],
        existence: 'update',
      },
      (bins) => change.isDone(bins),
    );
    if (outcome.kind === 'applied') return 'applied';
    const bins = await this.#records.get(at, ['gen']);
    return integerOf(bins, 'gen') === write.generation && bins !== undefined ? 'filtered' : 'stale';
  }

  /** 'known': this save was made before, with the same bytes. */
  async #append(write: RoundWrite, ref: BlobRef): Promise<'kept' | 'known' | 'stale'> {
    const { roundId, seq } = write;
    const isMine = (bins: Bins | undefined): boolean =>
      segmentsIn(bins).some((segment) => segment.ref.name === ref.name);
    const outcome = await this.#change(write, {
      ops: [
        { op: 'put', bin: 'seq', value: seq },
        { op: 'append', bin: 'segs', value: segmentValue({ seq, ref }) },
      ],
      when: [{ is: 'equal', bin: 'seq', value: seq - 1 }],
      isDone: isMine,
    });
    if (outcome === 'applied') return 'kept';
    if (outcome === 'stale') return 'stale';
    const bins = await this.#records.get(roundAt(roundId));
    if (integerOf(bins, 'gen') !== write.generation) return 'stale';
    const order = segmentOrder(roundId, seq, integerOf(bins, 'seq'));
    assert(order === 'replay', `round ${roundId} has two writers of one generation`);
    const saved = segmentsIn(bins).find((segment) => segment.seq === seq);
    const isSame = saved !== undefined && equalBytes(await readBlob(this.#records, saved.ref), write.bytes);
    assert(isSame, `segment ${seq} of ${roundId} is saved with other bytes`);
    return 'known';
  }

  /** Undefined when there is no such round. */
  async #raiseGeneration(roundId: RoundId): Promise<{ readonly number: number } | undefined> {
    const at = roundAt(roundId);
    for (;;) {
      const bins = await this.#records.get(at, ['gen', 'lock']);
      if (bins === undefined) return undefined;
      const deciding = lockIn(bins);
      if (deciding !== undefined) {
        await this.#transactions.clear(at, deciding);
        continue;
      }
      const generation = integerOf(bins, 'gen') + 1;
      const mine = freshId();
      const outcome = await this.#records.apply(
        {
          at,
          ops: [
            { op: 'put', bin: 'gen', value: generation },
            { op: 'put', bin: 'own', value: mine },
          ],
          when: [
            { is: 'equal', bin: 'gen', value: generation - 1 },
            { is: 'equal', bin: 'lock', value: '' },
          ],
          existence: 'update',
        },
        (now) => textOf(now, 'own') === mine,
      );
      if (outcome.kind === 'applied') return { number: generation };
    }
  }

  /** @throws {BlobGone} when it was replaced meanwhile. */
  async #saved(roundId: RoundId): Promise<Omit<SavedRound, 'generation'>> {
    const at = roundAt(roundId);
    const bins = existing(await this.#records.get(at), at);
    const { terms } = recordIn(bins);
    const snap = blobIn(bins, 'snap');
    const snapSeq = integerOf(bins, 'snapSeq');
    const segments = segmentsIn(bins);
    let expected = snapSeq + 1;
    for (const { seq } of segments)
      assert(seq === expected++, `round ${roundId} has a gap before segment ${seq}`);
    const refs = segments.map(({ ref }) => ref);
    const [head, ...bytes] = await readBlobs(this.#records, snap === undefined ? refs : [snap, ...refs]);
    const rows = snap === undefined && head !== undefined ? [head, ...bytes] : bytes;
    return {
      terms,
      snapshot: snap === undefined || head === undefined ? null : { seq: snapSeq, bytes: head },
      segments: segments.map(({ seq }, i) => ({ seq, bytes: rows[i] as Uint8Array })),
    };
  }
}

function recordIn(bins: Bins): RoundRecord {
  return {
    terms: unpack(bytesOf(bins, 'terms')) as RoundTerms,
    createdAtMs: integerOf(bins, 'ms'),
    phase: textOf(bins, 'phase') as Phase,
    generation: integerOf(bins, 'gen'),
  };
}

function segmentValue({ seq, ref }: Segment): readonly BinValue[] {
  return [seq, ...blobValue(ref)];
}

function segmentsIn(bins: Bins | undefined): readonly Segment[] {
  return listOf(bins, 'segs').map((value) => {
    const [seq, ...ref] = value as readonly [number, string, number];
    return { seq, ref: blobOf(ref) };
  });
}
