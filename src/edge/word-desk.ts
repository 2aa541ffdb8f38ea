/**
 * PAY and GIFT: the hot path. A word is bounded and hashed here, then put into the batch for the round's shard.
 * Nothing is kept per message: one row, one reveal and one word buffer serve all connections of the thread.
 *
 * While a stream is not attached its words are dropped without an answer: words are cumulative, and the STREAM
 * that follows has the viewer send again what was not acknowledged.
 */
import type { Code } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import { PAY_BYTES, WORD_BYTES } from '../protocol/frame-sizes.ts';
import { u16At, u32At } from '../protocol/layout.ts';
import { FRAME, type GiftMessage } from '../protocol/messages.ts';
import { FLAG_GIFT_CONTINUES, PURPOSE_GIFT, PURPOSE_WATCH, type PaymentRow } from '../round/payment-batch.ts';
import type { WordReveal } from '../voucher/types.ts';
import type { EdgeContext } from './edge-context.ts';
import type { EdgeStream } from './edge-stream.ts';
import type { RoundFeed } from './round-feed.ts';
import type { Session } from './session.ts';

interface MutableReveal {
  chain: number;
  index: number;
  readonly word: Uint8Array;
}

export class WordDesk {
  readonly #context: EdgeContext;
  readonly #reveal: MutableReveal = { chain: 0, index: 0, word: new Uint8Array(WORD_BYTES) };
  readonly #watchReveals: readonly WordReveal[] = [this.#reveal];
  readonly #row: PaymentRow = {
    slot: 0,
    index: 0,
    chain: 0,
    purpose: PURPOSE_WATCH,
    target: 0,
    flags: 0,
    conn: 0,
    word: this.#reveal.word,
  };

  constructor(context: EdgeContext) {
    this.#context = context;
  }

  /** A PAY of the right length is at `at` of `bytes`; it is only read. */
  pay(session: Session, bytes: Uint8Array, at: number): void {
    const number = u16At(bytes, at + 1);
    const stream = session.stream(number);
    if (stream === undefined || stream.closeRef !== 0)
      return this.#refuse(session, 'UNKNOWN_STREAM', number, FRAME.PAY);
    const feed = this.#open(stream, 1);
    if (feed === undefined) return;
    const target = bytes[at + 3] as number;
    if (!isTarget(feed, target)) return this.#refuse(session, 'UNKNOWN_TARGET', number, FRAME.PAY);
    const reveal = this.#reveal;
    reveal.chain = bytes[at + 4] as number;
    reveal.index = u32At(bytes, at + 5);
    const wordAt = at + PAY_BYTES - WORD_BYTES;
    for (let i = 0; i < WORD_BYTES; i++) reveal.word[i] = bytes[wordAt + i] as number;
    const verdict = stream.verifier.accept({
      purpose: 'watch',
      reveals: this.#watchReveals,
      nowMs: this.#context.clock.nowMs(),
      endsAtMs: feed.state?.endsAtMs ?? null,
      sha256: this.#context.hashes.sha256,
    });
    if (!verdict.ok) return this.#refuse(session, verdict.code, number, FRAME.PAY);
    this.#context.counters.wordsAccepted++;
    stream.paused = false;
    if (verdict.fresh) this.#forward(feed, stream, { reveal, purpose: PURPOSE_WATCH, target, flags: 0 });
  }

  gift(session: Session, message: GiftMessage, nowMs: number): void {
    const { reveals, stream: number, target, type } = message;
    const stream = session.stream(number);
    if (stream === undefined || stream.closeRef !== 0) {
      return this.#refuse(session, 'UNKNOWN_STREAM', number, type);
    }
    if (!stream.attached) return;
    const feed = this.#open(stream, reveals.length);
    if (feed === undefined) return session.error('UNAVAILABLE', { stream: number, frame: type });
    if (!isTarget(feed, target)) return this.#refuse(session, 'UNKNOWN_TARGET', number, type);
    const verdict = stream.verifier.accept({
      purpose: 'gift',
      reveals,
      nowMs,
      sha256: this.#context.hashes.sha256,
    });
    if (!verdict.ok) return this.#refuse(session, verdict.code, number, type);
    this.#context.counters.wordsAccepted += reveals.length;
    if (!verdict.fresh) return this.#repeated(stream);
    for (let i = 0; i < reveals.length; i++) {
      const flags = i + 1 < reveals.length ? FLAG_GIFT_CONTINUES : 0;
      this.#forward(feed, stream, { reveal: reveals[i] as WordReveal, purpose: PURPOSE_GIFT, target, flags });
    }
    this.#context.directory.flush(); // everybody waits to see it
  }

  /** The round, when words of the stream can be taken now. */
  #open(stream: EdgeStream, rows: number): RoundFeed | undefined {
    if (!stream.attached) return undefined;
    const { directory } = this.#context;
    const feed = directory.byHandle(stream.handle);
    return feed !== undefined && directory.hasRoom(feed, rows) ? feed : undefined;
  }

  #forward(
    feed: RoundFeed,
    stream: EdgeStream,
    word: { reveal: Readonly<WordReveal>; purpose: number; target: number; flags: number },
  ): void {
    const row = this.#row;
    row.slot = stream.slot;
    row.index = word.reveal.index;
    row.chain = word.reveal.chain;
    row.purpose = word.purpose;
    row.target = word.target;
    row.flags = word.flags;
    row.conn = stream.conn;
    row.word = word.reveal.word;
    this.#context.directory.pay(feed, row);
  }

  /** All of a gift was accepted before: if it is durable the viewer missed the acknowledgement, so it gets one. */
  #repeated(stream: EdgeStream): void {
    stream.ackDirty = true;
    this.#context.acks.send(stream);
  }

  #refuse(session: Session, code: Code, stream: number, frame: number): void {
    this.#context.counters.wordsRefused++;
    session.error(code, { stream, frame });
    if (code !== 'BAD_WORD') return;
    session.badWords++;
    if (session.badWords >= LIMITS.badWordsMax) session.close(CLOSE.BAD_WORDS);
  }
}

function isTarget(feed: RoundFeed, target: number): boolean {
  return feed.state !== null && target < feed.state.participants.length;
}
