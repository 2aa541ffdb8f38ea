/**
 * The words of one stream of a load viewer: what was revealed, what of it is known to be durable, and the gifts that
 * wait. Costs two hash chains; everything that is sent every second is written into one shared frame.
 *
 * Chain 0 has words of 1 sat (watching, and the odd part of gifts), chain 1 words of 1,000 sats (gifts). While a gift
 * is under way nothing else is revealed, as docs/PROTOCOL.md section 10 asks.
 */
import { assert } from '../../src/core/assert.ts';
import { toHex } from '../../src/core/bytes.ts';
import type { RoundId, StreamId } from '../../src/core/ids.ts';
import { LIMITS } from '../../src/core/limits.ts';
import type { StreamRecord } from '../../src/client/storage.ts';
import { sha256 } from '../../src/platform/hash.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { encodeClient } from '../../src/protocol/client-codec.ts';
import { PAY_BYTES } from '../../src/protocol/frame-sizes.ts';
import { FRAME } from '../../src/protocol/messages.ts';
import { HashChain } from '../../src/voucher/hash-chain.ts';

const UNIT_SATS = [1, 1_000] as const;

/** What a stream is made for. */
export interface PurseBudget {
  /** Words of 1 sat for watching. */
  readonly watchWords: number;
  /** Gifts that will be given, in sats. */
  readonly giftSats: readonly number[];
}

export interface Gift {
  readonly target: number;
  readonly sats: number;
  /** When it should have left; for whoever times it. */
  readonly dueMs: number;
  /** Indexes before and after, from when it was first sent on. */
  span: { readonly from: readonly number[]; readonly to: readonly number[] } | null;
}

/** Of one stream, for the proof of the money. */
export interface StreamLedger {
  readonly roundId: RoundId;
  readonly streamId: string;
  /** Worth of all words that were put into frames, refused gifts excepted. */
  readonly revealedSats: number;
  readonly acknowledgedSats: number;
  /** Whether the engine has said the last word: then revealed, acknowledged and paid are one figure. */
  readonly final: boolean;
}

/** Patched and sent again and again: a socket has copied it when `send` returns. */
const payFrame = new Uint8Array(PAY_BYTES);
payFrame[0] = FRAME.PAY;
const payView = new DataView(payFrame.buffer);

export class Purse {
  /** As the SDK has it, so that its OPEN can be used. */
  readonly record: StreamRecord;
  readonly words: readonly HashChain[];
  readonly acknowledged: [number, number] = [0, 0];
  /** Oldest first; the first one is under way if it has a span. */
  readonly gifts: Gift[] = [];

  constructor(roundId: RoundId, budget: PurseBudget) {
    const words: [number, number] = [budget.watchWords, 0];
    for (const sats of budget.giftSats) {
      for (const [chain, count] of wordsOfGift(sats)) words[chain] += count;
    }
    const chains = UNIT_SATS.map((unitSats, chain) => ({
      unitSats,
      length: Math.min(Math.max(words[chain as 0 | 1], 1), LIMITS.chainLengthMax),
      seed: systemRandom.bytes(32),
    }));
    this.words = chains.map(({ seed, length }) => HashChain.fromSeed({ seed, length, sha256 }));
    this.record = {
      roundId,
      streamId: toHex(systemRandom.bytes(16)) as StreamId,
      chains,
      holdSats: Math.max(1, worth(words)),
      earlierSats: 0,
      revealed: [0, 0],
      watching: null,
      gifts: [],
    };
  }

  get giftUnderWay(): Gift | undefined {
    const first = this.gifts[0];
    return first === undefined || first.span === null ? undefined : first;
  }

  /** Words of 1 sat that are left. */
  get wordsLeft(): number {
    return (this.words[0]?.length ?? 0) - this.#revealed(0);
  }

  get revealedSats(): number {
    return worth(this.record.revealed);
  }

  get acknowledgedSats(): number {
    return worth(this.acknowledged);
  }

  ledger(final: boolean): StreamLedger {
    const { roundId, streamId } = this.record;
    const { revealedSats, acknowledgedSats } = this;
    return { roundId, streamId, revealedSats, acknowledgedSats, final };
  }

  /** Reveals `count` more words for watching; the frame is shared, and to be sent at once. */
  pay(stream: number, target: number, count: number): Uint8Array {
    const index = this.#revealed(0) + count;
    this.record.revealed[0] = index;
    return this.payUpTo(stream, target, index);
  }

  /** The same once more, for an index that was revealed. */
  payUpTo(stream: number, target: number, index: number): Uint8Array {
    payView.setUint16(1, stream, true);
    payFrame[3] = target;
    payFrame[4] = 0;
    payView.setUint32(5, index, true);
    payFrame.set(this.#word(0, index), 9);
    return payFrame;
  }

  /** Reveals the words of the first gift, or the same words again. */
  giftFrame(stream: number, gift: Gift): Uint8Array {
    if (gift.span === null) {
      const from = [...this.record.revealed];
      const to = [...from];
      for (const [chain, count] of wordsOfGift(gift.sats)) to[chain] = (from[chain] ?? 0) + count;
      gift.span = { from, to };
      this.record.revealed = [...to];
    }
    const { from, to } = gift.span;
    const reveals = to.flatMap((index, chain) =>
      index > (from[chain] ?? 0) ? [{ chain, index, word: this.#word(chain, index) }] : [],
    );
    return encodeClient({ type: FRAME.GIFT, stream, target: gift.target, reveals });
  }

  /** Durable up to these. False when that is less than what was promised before. */
  acknowledge(chain: 0 | 1, index: number): boolean {
    if (index < this.acknowledged[chain]) return false;
    this.acknowledged[chain] = index;
    if (index > this.#revealed(chain)) this.record.revealed[chain] = index; // sent before a gift was refused
    return true;
  }

  /** The gift under way, if it is acknowledged by now; it leaves the queue. */
  takeAcknowledgedGift(): Gift | undefined {
    const gift = this.giftUnderWay;
    if (gift?.span?.to.every((index, chain) => index <= (this.acknowledged[chain] ?? 0)) !== true) {
      return undefined;
    }
    return this.gifts.shift();
  }

  /** The gift under way was refused: its words count as never shown. */
  takeBackGift(): Gift | undefined {
    const gift = this.giftUnderWay;
    if (gift?.span === null || gift === undefined) return undefined;
    this.record.revealed = gift.span.from.map((index, chain) =>
      Math.max(index, this.acknowledged[chain] ?? 0),
    );
    return this.gifts.shift();
  }

  #revealed(chain: number): number {
    return this.record.revealed[chain] ?? 0;
  }

  #word(chain: number, index: number): Uint8Array {
    const words = this.words[chain];
    assert(words !== undefined, 'a word of a chain that is there');
    return words.word(index);
  }
}

function worth(indexes: readonly number[]): number {
  return UNIT_SATS.reduce<number>((sum, unit, chain) => sum + unit * (indexes[chain] ?? 0), 0);
}

function wordsOfGift(sats: number): readonly (readonly [chain: 0 | 1, count: number])[] {
  return [
    [0, sats % 1_000],
    [1, Math.floor(sats / 1_000)],
  ];
}
