/** What a viewer pays for watching: a word for what was watched since the last one, of up to a step of seconds. */
import { LIMITS } from '../../src/core/limits.ts';
import type { Attachment } from './attachment.ts';
import type { Purse } from './purse.ts';
import type { ViewerCounts, ViewerRound } from './viewer-setup.ts';
import type { Wishes } from './wishes.ts';

/** Float dust: a word that is due by less than this is due. */
const DUST_WORDS = 1e-6;

export class WatchWords {
  readonly #round: ViewerRound;
  readonly #purse: Purse;
  readonly #attachment: Attachment;
  readonly #wishes: Pick<Wishes, 'watching'>;
  readonly #counts: ViewerCounts;
  /** Watched and paid for up to here. */
  #paidUntilMs = 0;

  constructor(of: {
    readonly round: ViewerRound;
    readonly purse: Purse;
    readonly attachment: Attachment;
    readonly wishes: Pick<Wishes, 'watching'>;
    readonly counts: ViewerCounts;
  }) {
    this.#round = of.round;
    this.#purse = of.purse;
    this.#attachment = of.attachment;
    this.#wishes = of.wishes;
    this.#counts = of.counts;
  }

  /** What was before is not watched. */
  beginAt(nowMs: number): void {
    this.#paidUntilMs = nowMs;
  }

  /** What was watched and not paid by then, in whole words and while there are any. */
  pay(nowMs: number): void {
    const { startsAtMs, endsAtMs, rateSatsPerSecond } = this.#round;
    const fromMs = Math.max(this.#paidUntilMs, startsAtMs);
    const due = ((Math.min(nowMs, endsAtMs) - fromMs) * rateSatsPerSecond) / 1_000;
    const words = Math.min(Math.floor(due + DUST_WORDS), this.#purse.wordsLeft);
    if (words <= 0) return;
    this.#paidUntilMs = fromMs + (words * 1_000) / rateSatsPerSecond;
    this.reveal(words);
  }

  /** So many, whatever the time. Nothing is revealed while the stream is not attached. */
  reveal(words: number): void {
    for (let left = words; left > 0 && this.#attachment.isThere; left -= LIMITS.watchStepMax) {
      const step = Math.min(left, LIMITS.watchStepMax);
      this.#send(this.#purse.pay(this.#attachment.stream, this.#wishes.watching, step));
    }
  }

  /**
   * What was revealed above what is durable, in the order of the first time, up to the gift that is under way; whom it
   * was watched for is not kept.
   */
  repeatAbove(known: number): void {
    const upTo = this.#purse.giftUnderWay?.span?.from[0] ?? this.#revealed;
    for (let index = known; index < upTo; ) {
      index = Math.min(index + LIMITS.watchStepMax, upTo);
      this.#send(this.#purse.payUpTo(this.#attachment.stream, this.#wishes.watching, index));
    }
  }

  /** A PAY with a word that is none, for the index after the last; it does not count. */
  sendBad(): void {
    if (!this.#attachment.isThere) return;
    const { stream } = this.#attachment;
    const frame = Uint8Array.from(this.#purse.payUpTo(stream, this.#wishes.watching, this.#revealed));
    new DataView(frame.buffer).setUint32(5, this.#revealed + 1, true);
    this.#attachment.sendFrame(frame);
  }

  get #revealed(): number {
    return this.#purse.record.revealed[0] ?? 0;
  }

  #send(frame: Uint8Array): void {
    this.#counts.words++;
    this.#attachment.sendFrame(frame);
  }
}
