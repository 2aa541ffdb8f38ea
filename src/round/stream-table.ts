/**
 * Every stream that was ever opened in a round, in flat rows keyed by slot, so that a payment touches a few
 * neighbouring numbers and allocates nothing. Slots are given in order of opening and never reused.
 * Owned by the round's shard thread. Bound: LIMITS.streamsPerRoundMax rows.
 *
 *   amounts  f64 x (4 + 2P)   hold | paid | watch | openedAtMs | watch by target x P | gift by target x P
 *   numbers  u32 x (13 + P)   status | viewer | watching | vote | chains | tips x 4 | units x 4 | claps x P
 *   lengths  u32 x 4          length of each chain
 *   words    32 bytes x 4     highest accepted word of each chain, the anchor at first
 *
 * Invariants of a row: paid = sum of its targets; watch = sum of its watch targets; paid <= hold.
 */
import { assert } from '../core/assert.ts';
import type { StreamId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import type { Commitment } from '../voucher/types.ts';
import { RecordStore } from './record-store.ts';

export const STREAM_OPEN = 1;
export const STREAM_CLOSED = 2;
/** In the columns `watching` and `vote`. */
export const NOBODY = 0xff;

export const CHAINS: number = LIMITS.chainsMax;
export const WORD_BYTES = 32;
const CHAIN_WORD_BYTES = CHAINS * WORD_BYTES;

/** Columns of `amounts`. */
export const HOLD = 0;
export const PAID = 1;
export const WATCH = 2;
export const OPENED_AT = 3;
export const TARGETS = 4;
/** Columns of `numbers`. */
export const STATUS = 0;
export const VIEWER = 1;
export const WATCHING = 2;
export const VOTE = 3;
export const CHAIN_COUNT = 4;
export const TIPS = 5;
export const UNITS: number = TIPS + CHAINS;
export const CLAPS: number = UNITS + CHAINS;

const CAPACITY_FIRST = 16;

export interface NewStream {
  readonly streamId: StreamId;
  readonly commitment: Commitment;
  /** Public key, signature and canonical bytes, as `static-record.ts` packs them. */
  readonly record: Uint8Array;
  readonly name: string;
  readonly viewer: number;
  readonly holdSats: number;
  readonly openedAtMs: number;
}

export class StreamTable {
  readonly participants: number;
  readonly amountStride: number;
  readonly numberStride: number;
  count = 0;
  amounts: Float64Array;
  numbers: Uint32Array;
  lengths: Uint32Array;
  words: Uint8Array;
  /** Over `words`, for copying a word without allocating. */
  wordView: DataView;
  readonly ids: StreamId[] = [];
  readonly names: string[] = [];
  readonly #records = new RecordStore();
  readonly bySlot: Map<StreamId, number> = new Map();

  constructor(participants: number) {
    this.participants = participants;
    this.amountStride = TARGETS + 2 * participants;
    this.numberStride = CLAPS + participants;
    this.amounts = new Float64Array(CAPACITY_FIRST * this.amountStride);
    this.numbers = new Uint32Array(CAPACITY_FIRST * this.numberStride);
    this.lengths = new Uint32Array(CAPACITY_FIRST * CHAINS);
    this.words = new Uint8Array(CAPACITY_FIRST * CHAIN_WORD_BYTES);
    this.wordView = new DataView(this.words.buffer);
  }

  /** Rows that there is memory for. */
  get capacity(): number {
    return this.lengths.length / CHAINS;
  }

  get isFull(): boolean {
    return this.count >= LIMITS.streamsPerRoundMax;
  }

  /** Makes room at once for so many rows: doubling on the way there touches twice the memory. */
  reserve(rows: number): void {
    let factor = 1;
    while (this.capacity * factor < rows) factor *= 2;
    if (factor > 1) this.#grow(factor);
  }

  /** Asserts that there is room and that the id is new. */
  add(stream: NewStream): number {
    assert(!this.isFull, 'the caller has checked that there is room for a stream');
    assert(!this.bySlot.has(stream.streamId), 'a stream id is used once');
    const slot = this.count;
    if (slot === this.capacity) this.#grow(2);
    this.count++;
    const a = slot * this.amountStride;
    this.amounts[a + HOLD] = stream.holdSats;
    this.amounts[a + OPENED_AT] = stream.openedAtMs;
    const n = slot * this.numberStride;
    this.numbers[n + STATUS] = STREAM_OPEN;
    this.numbers[n + VIEWER] = stream.viewer;
    this.numbers[n + WATCHING] = NOBODY;
    this.numbers[n + VOTE] = NOBODY;
    this.numbers[n + CHAIN_COUNT] = stream.commitment.chains.length;
    let chain = 0;
    for (const { unitSats, length, anchor } of stream.commitment.chains) {
      this.numbers[n + UNITS + chain] = unitSats;
      this.lengths[slot * CHAINS + chain] = length;
      this.words.set(anchor, this.wordOffset(slot, chain));
      chain++;
    }
    this.ids.push(stream.streamId);
    this.names.push(stream.name);
    this.#records.add(stream.record);
    this.bySlot.set(stream.streamId, slot);
    return slot;
  }

  amount(slot: number, column: number): number {
    return this.amounts[slot * this.amountStride + column] as number;
  }

  setAmount(slot: number, column: number, value: number): void {
    this.amounts[slot * this.amountStride + column] = value;
  }

  number(slot: number, column: number): number {
    return this.numbers[slot * this.numberStride + column] as number;
  }

  setNumber(slot: number, column: number, value: number): void {
    this.numbers[slot * this.numberStride + column] = value;
  }

  chainLength(slot: number, chain: number): number {
    return this.lengths[slot * CHAINS + chain] as number;
  }

  wordOffset(slot: number, chain: number): number {
    return slot * CHAIN_WORD_BYTES + chain * WORD_BYTES;
  }

  /** A copy. */
  word(slot: number, chain: number): Uint8Array {
    const at = this.wordOffset(slot, chain);
    return this.words.slice(at, at + WORD_BYTES);
  }

  isOpen(slot: number): boolean {
    return slot < this.count && this.number(slot, STATUS) === STREAM_OPEN;
  }

  /** Column of what a target got from watching or from gifts. */
  targetColumn(target: number, gift: boolean): number {
    return TARGETS + (gift ? this.participants : 0) + target;
  }

  id(slot: number): StreamId {
    return present(this.ids[slot]);
  }

  name(slot: number): string {
    return present(this.names[slot]);
  }

  /** A view; the caller keeps nothing of it. */
  record(slot: number): Uint8Array {
    return this.#records.at(slot);
  }

  #grow(factor: number): void {
    this.amounts = grown(this.amounts, new Float64Array(this.amounts.length * factor));
    this.numbers = grown(this.numbers, new Uint32Array(this.numbers.length * factor));
    this.lengths = grown(this.lengths, new Uint32Array(this.lengths.length * factor));
    this.words = grown(this.words, new Uint8Array(this.words.length * factor));
    this.wordView = new DataView(this.words.buffer);
  }
}

function grown<T extends Float64Array | Uint32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function present<T>(value: T | undefined): T {
  assert(value !== undefined, 'the slot is of a stream of this round');
  return value;
}
