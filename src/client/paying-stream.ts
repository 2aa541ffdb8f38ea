/**
 * One stream of a viewer: reveals words for the seconds really watched and for gifts, and knows what is durable.
 * It survives its connection: `attached` and `detached` come and go, record and words stay.
 *
 * Invariants:
 *   - the record is saved before a word it counts is sent;
 *   - never more words than watched whole seconds, the hold and the chains allow;
 *   - while a gift is under way no other word is sent, so an index above the gift cannot hide it.
 */
import { assert } from '../core/assert.ts';
import { type Code, type Refusal, refuse } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import {
  type ClientMessage,
  type EndedMessage,
  type ErrorMessage,
  FRAME,
  type StreamMessage,
} from '../protocol/messages.ts';
import type { StreamEndReason } from '../round/effects.ts';
import type { PublicState } from '../round/public-state.ts';
import type { HashChain } from '../voucher/hash-chain.ts';
import { spanOfGift, watchChainOf, worthSats } from './chain-plan.ts';
import { ClapCounter } from './clap-counter.ts';
import { Emitter } from './events.ts';
import { isRunning } from './extrapolate.ts';
import { type GiftOutcome, GiftQueue, type GiftResult, PENDING_GIFTS_MAX } from './gift-queue.ts';
import type { StreamRecord } from './storage.ts';
import type { StreamHost } from './stream-host.ts';
import { TickLog } from './tick-log.ts';
import { WatchMeter } from './watch-meter.ts';
import { WordSender } from './word-sender.ts';

/** In this round, earlier streams of the viewer included. */
export interface PaidTotals {
  /** Worth of all words sent. */
  readonly sentSats: number;
  /** Of these, durable. */
  readonly acknowledgedSats: number;
  /** What this stream can still pay, gifts that wait included. */
  readonly leftSats: number;
}

export type PayingStreamEvents = {
  paid: PaidTotals;
  gift: GiftOutcome;
  ended: { readonly reason: StreamEndReason; readonly paidSats: number };
  /** The hold or the watch chain is used up: nothing more can be paid with this stream. */
  exhausted: { readonly holdSats: number };
};

export class PayingStream extends Emitter<PayingStreamEvents> {
  readonly record: StreamRecord;
  readonly claps: ClapCounter;
  readonly ticks: TickLog = new TickLog();
  readonly #words: WordSender;
  readonly #host: StreamHost;
  readonly #gifts: GiftQueue;
  readonly #meter = new WatchMeter();
  readonly #watchChain: number;
  /** The connection's number for this stream; null while detached. */
  #number: number | null = null;
  #acknowledged: number[];
  #target: number | null = null;
  /** Whom seconds that are still to be paid were watched for. */
  #payFor: number | null = null;
  #paused = false;
  #vote: number | null = null;
  /** What the server believes, to say only what is new. */
  #watchSaid: number | null = null;
  #watchFromMs = Number.POSITIVE_INFINITY;
  #watchSats = 0;
  /** Attached and watching somebody since then, whatever the phase; infinity: not now. */
  #presentSinceMs = Number.POSITIVE_INFINITY;
  #over = false;
  /** The round told that it takes no more gifts; seconds that were watched may still be paid. */
  #giftsAreLate = false;
  #saidExhausted = false;
  /** The gift under way was sent more than once on this connection: each time it may be refused. */
  #giftRepeated = false;
  /** It was refused, and may be again: until the next grant no refusal of a gift is another gift's. */
  #awaitsGrant = false;

  constructor(
    record: StreamRecord,
    input: { readonly words: readonly HashChain[]; readonly host: StreamHost; readonly participants: number },
  ) {
    super();
    const { words, host, participants } = input;
    assert(words.length === record.chains.length, 'a chain of words for each chain of the record');
    this.record = record;
    this.claps = new ClapCounter(participants);
    this.#words = new WordSender(words, (message) => host.send(message));
    this.#host = host;
    this.#gifts = new GiftQueue(record.gifts);
    this.#watchChain = watchChainOf(record.chains);
    this.#acknowledged = record.chains.map(() => 0);
  }

  get number(): number | null {
    return this.#number;
  }

  /** Whom the viewer wants to watch, also while paused. */
  get target(): number | null {
    return this.#target;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get vote(): number | null {
    return this.#vote;
  }

  get pendingGifts(): number {
    return this.#gifts.length;
  }

  get totals(): PaidTotals {
    const { chains, revealed, earlierSats, holdSats } = this.record;
    const sentSats = worthSats(chains, revealed);
    return {
      sentSats: earlierSats + sentSats,
      acknowledgedSats: earlierSats + worthSats(chains, this.#acknowledged),
      leftSats: Math.max(0, holdSats - sentSats),
    };
  }

  /* ---- the connection comes and goes ---- */

  /** STREAM arrived: as an answer to OPEN or ATTACH, or unasked after the round was restored. */
  attached(grant: StreamMessage): void {
    const { record } = this;
    this.#awaitsGrant = false;
    const sentWorth = worthSats(record.chains, record.revealed);
    const knownWorth = worthSats(record.chains, grant.indexes);
    this.#number = grant.stream;
    this.#watchFromMs = grant.watchFromMs;
    this.#watchSaid = grant.watching;
    this.#payFor ??= grant.watching;
    this.#watchSats =
      grant.watchSats + Math.max(0, sentWorth - knownWorth - (this.#gifts.underWay?.sats ?? 0));
    record.holdSats = grant.holdSats;
    record.revealed = record.revealed.map((index, chain) => Math.max(index, grant.indexes[chain] ?? 0));
    if (grant.vote !== null) this.#vote = grant.vote;
    else if (this.#vote !== null) this.#send({ type: FRAME.VOTE, stream: grant.stream, target: this.#vote });
    this.claps.reconcile(grant.claps);
    this.#acknowledge(grant.indexes);
    this.#repeat(grant.indexes);
    this.#tellWatching();
    this.onState();
    this.#sendNextGift();
    this.emit('paid', this.totals);
  }

  detached(): void {
    this.#giftRepeated = false;
    this.#stopMeter();
    this.#number = null;
  }

  /**
   * The viewer turns away: nothing is paid any more, the stream stays open, the record goes on saying whom it watched.
   * Whoever waits for a gift is told that nothing more will be heard of it here.
   */
  leaveOpen(): void {
    this.#stopMeter();
    this.pay();
    this.#paused = true;
    this.#tellWatching();
    this.#number = null;
    this.#gifts.abandon('UNAVAILABLE');
  }

  /* ---- what the viewer does ---- */

  /** Null stops paying. What was watched until now is paid first. */
  watch(target: number | null): void {
    if (target === this.#target) return;
    this.#saidExhausted = false;
    this.#changeWatching(() => {
      this.#target = target;
    });
  }

  /** A hidden page watches nothing, but remembers whom it watched. */
  pause(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#changeWatching(() => {
      this.#paused = paused;
    });
  }

  gift(target: number, amountSats: number): Promise<GiftResult> {
    const phase = this.#host.state()?.phase ?? 'scheduled';
    const bad = this.#over || !isRunning(phase) ? notOpen(phase) : this.#giftProblem(amountSats);
    if (bad !== undefined) return Promise.resolve(bad);
    const settled = this.#gifts.add({ target, sats: amountSats, span: null });
    this.#host.save(this.record);
    this.#sendNextGift();
    return settled;
  }

  /** One vote per viewer and round. There is no acknowledgement; a lost one is repeated when attached again. */
  castVote(target: number): { readonly ok: true } | Refusal {
    const phase = this.#host.state()?.phase ?? 'scheduled';
    if (this.#vote !== null) return refuse('ALREADY_VOTED');
    if (!isRunning(phase)) return notOpen(phase);
    this.#vote = target;
    if (this.#number !== null) this.#send({ type: FRAME.VOTE, stream: this.#number, target });
    return { ok: true };
  }

  sendClaps(): void {
    if (this.#number === null || this.#over) return;
    for (const { target, count } of this.claps.takeDirty()) {
      this.#send({ type: FRAME.CLAP, stream: this.#number, target, count });
    }
  }

  /* ---- what the server says ---- */

  /** PAID: durable up to these indexes. */
  paid(indexes: readonly number[]): void {
    this.#acknowledge(indexes);
    this.#sendNextGift();
    this.emit('paid', this.totals);
  }

  /** ERROR without a ref for this stream. Returns whether it was dealt with here and is no news for the viewer. */
  refused({ code, frame }: Pick<ErrorMessage, 'code' | 'frame'>): boolean {
    switch (frame) {
      case FRAME.GIFT:
        return this.#giftRefused(code);
      case FRAME.CLAP:
        if (code === 'CLAP_FLOOD') this.claps.refused();
        return code === 'CLAP_FLOOD' || code === 'ROUND_OVER';
      case FRAME.PAY:
        // Early words stay due: the next one proves them too. After the end ENDED tells what was paid.
        return code === 'TOO_EARLY' || code === 'ROUND_OVER';
      case FRAME.VOTE:
        return code === 'ROUND_OVER';
      default:
        return false;
    }
  }

  #giftRefused(code: Code): boolean {
    if (code === 'ROUND_OVER') this.#giftsAreLate = true;
    if (this.#awaitsGrant) return true;
    const gift = this.#gifts.underWay;
    if (gift?.span === null || gift === undefined) return false;
    this.#takeBack(gift.span.from, this.#acknowledged);
    this.#awaitsGrant = this.#giftRepeated;
    this.#settleGift(code);
    if (this.#awaitsGrant) this.#host.attachAgain();
    else this.#sendNextGift();
    return true;
  }

  ended(message: EndedMessage): void {
    const { record } = this;
    // Paid in full: every word counted, also those whose acknowledgement did not come separately.
    if (message.paidSats >= worthSats(record.chains, record.revealed)) this.#acknowledge(record.revealed);
    this.#stopMeter();
    this.#number = null;
    this.#over = true;
    if (message.reason === 'taken')
      this.#gifts.abandon('STREAM_TAKEN'); // whoever has it now sends them
    else while (this.#gifts.length > 0) this.#settleGift(lateGiftCode(message.reason));
    const paidSats = paidInRoundSats(record, message);
    this.emit('paid', { ...this.totals, acknowledgedSats: paidSats });
    this.emit('ended', { reason: message.reason, paidSats });
  }

  /** A state frame arrived: the phase may have changed. */
  onState(): void {
    const state = this.#host.state();
    if (state === null) return;
    const now = this.#host.nowMs();
    const present = this.#number !== null && this.#watching() !== null;
    this.#presentSinceMs = present ? Math.min(this.#presentSinceMs, now) : Number.POSITIVE_INFINITY;
    const shouldRun = present && isRunning(state.phase);
    if (shouldRun && !this.#meter.running) {
      this.#watchFromMs = Math.min(this.#watchFromMs, now); // started early by hand
      // Who was there before the start has watched from the start, not from the frame that told of it.
      this.#meter.start(Math.min(now, Math.max(this.#presentSinceMs, state.startsAtMs)));
      this.#host.running(true);
    } else if (!shouldRun && this.#meter.running) {
      this.#stopMeter();
      this.pay();
    }
  }

  /** Reveals one word for the whole seconds that are due; called as often as the round asks for words. */
  pay(): void {
    const phase = this.#host.state()?.phase;
    if (this.#number === null || this.#over || this.#payFor === null) return;
    if (this.#gifts.underWay !== undefined || phase === undefined) return;
    if (!isRunning(phase) && phase !== 'closing') return;
    const { rateSatsPerSecond, unitSats, length } = this.#watchTerms();
    const wordsPerSecond = rateSatsPerSecond / unitSats;
    const revealed = this.record.revealed[this.#watchChain] ?? 0;
    const leftSeconds = Math.min(
      Math.floor((length - revealed) / wordsPerSecond),
      Math.floor(this.totals.leftSats / rateSatsPerSecond),
    );
    const dueSeconds = this.#meter.takeSeconds(
      this.#untilMs(),
      Math.min(leftSeconds, this.#allowedSeconds(rateSatsPerSecond), LIMITS.watchStepMax / wordsPerSecond),
    );
    if (dueSeconds > 0)
      this.#revealWatch({ dueSeconds, wordsPerSecond, rateSatsPerSecond, target: this.#payFor });
    if (dueSeconds >= leftSeconds) this.#sayExhausted();
  }

  /* ---- inside ---- */

  #revealWatch(due: {
    readonly dueSeconds: number;
    readonly wordsPerSecond: number;
    readonly rateSatsPerSecond: number;
    readonly target: number;
  }): void {
    const seconds = due.dueSeconds;
    const from = this.record.revealed[this.#watchChain] ?? 0;
    const index = from + seconds * due.wordsPerSecond;
    this.record.revealed[this.#watchChain] = index;
    this.#watchSats += seconds * due.rateSatsPerSecond;
    this.#host.save(this.record);
    this.ticks.sent({ from, to: index, target: due.target });
    this.#words.watch(this.#number, due.target, { chain: this.#watchChain, index });
    this.emit('paid', this.totals);
  }

  #watching(): number | null {
    return this.#paused || this.#over ? null : this.#target;
  }

  /** Absent until `onState` finds otherwise; what was watched so far stays due. */
  #stopMeter(): void {
    this.#presentSinceMs = Number.POSITIVE_INFINITY;
    if (!this.#meter.running) return;
    this.#meter.stop(this.#untilMs());
    this.#host.running(false);
  }

  #changeWatching(change: () => void): void {
    this.#stopMeter();
    this.pay();
    change();
    this.#payFor = this.#watching() ?? this.#payFor;
    this.record.watching = this.#target;
    this.#host.save(this.record);
    this.#tellWatching();
    this.onState();
  }

  #tellWatching(): void {
    const watching = this.#watching();
    if (this.#number === null || this.#over || watching === this.#watchSaid) return;
    this.#watchSaid = watching;
    this.#send({ type: FRAME.WATCH, stream: this.#number, target: watching });
  }

  /** Now, or the end of the round when that is over. */
  #untilMs(): number {
    const now = this.#host.nowMs();
    return Math.min(now, this.#host.state()?.endsAtMs ?? now);
  }

  #watchTerms(): {
    readonly rateSatsPerSecond: number;
    readonly unitSats: number;
    readonly length: number;
  } {
    const terms = this.record.chains[this.#watchChain];
    const rateSatsPerSecond = this.#host.state()?.rateSatsPerSecond;
    assert(terms !== undefined && rateSatsPerSecond !== undefined, 'paying needs a chain and a round');
    return { rateSatsPerSecond, unitSats: terms.unitSats, length: terms.length };
  }

  /** The server's own bound without its grace: an honest client never needs that. */
  #allowedSeconds(rateSatsPerSecond: number): number {
    const elapsed = Math.floor((this.#untilMs() - this.#watchFromMs) / 1000);
    return Math.max(0, elapsed - Math.ceil(this.#watchSats / rateSatsPerSecond));
  }

  #giftProblem(amountSats: number): Refusal | undefined {
    if (!Number.isSafeInteger(amountSats) || amountSats <= 0) return refuse('VALIDATION_FAILED');
    if (this.#gifts.length >= PENDING_GIFTS_MAX) return refuse('RATE_LIMITED');
    const spanned = this.#gifts.underWay?.sats ?? 0; // is among what was sent already
    const waiting = this.#gifts.pendingSats - spanned;
    if (waiting + amountSats > this.totals.leftSats) return refuse('OVER_HOLD');
    const span = spanOfGift(amountSats, this.record.chains, this.record.revealed);
    return span.ok ? undefined : span;
  }

  /** The words of a refused gift count as never shown: the next ones on their chains are worth what they replace. */
  #takeBack(from: readonly number[], known: readonly number[]): void {
    this.record.revealed = from.map((index, chain) => Math.max(index, known[chain] ?? 0));
  }

  #sendNextGift(): void {
    for (;;) {
      const gift = this.#gifts.head;
      if (gift === undefined || gift.span !== null || this.#number === null || this.#over) return;
      if (this.#awaitsGrant) return;
      if (this.#giftsAreLate || this.#host.state()?.phase === 'closing') {
        this.#settleGift('ROUND_OVER');
        continue;
      }
      this.pay(); // what was watched before the gift belongs before it
      const { record } = this;
      const span = spanOfGift(gift.sats, record.chains, record.revealed);
      const fits = span.ok && worthSats(record.chains, span.to) <= record.holdSats;
      if (!fits) {
        this.#settleGift(span.ok ? 'OVER_HOLD' : span.code);
        continue;
      }
      gift.span = { from: [...record.revealed], to: span.to };
      record.revealed = [...span.to];
      this.#host.save(record);
      this.#words.gift(this.#number, gift);
      this.emit('gift', { target: gift.target, sats: gift.sats, status: 'sent', code: null });
      this.emit('paid', this.totals);
      return;
    }
  }

  /** After a lost connection: the gift under way, and the watch words before it, once more and with the same words. */
  #repeat(known: readonly number[]): void {
    const gift = this.#gifts.underWay;
    const upTo = (gift?.span?.from ?? this.record.revealed)[this.#watchChain] ?? 0;
    let index = known[this.#watchChain] ?? 0;
    if (this.#payFor !== null && !this.#over) {
      // Each for whom it was watched then, though the viewer may have turned to another since.
      const repeats = this.ticks.repeats({ from: index, to: upTo, otherwise: this.#payFor });
      for (const { to, target } of repeats) {
        while (index < to) {
          index = Math.min(index + LIMITS.watchStepMax, to);
          this.#words.watch(this.#number, target, { chain: this.#watchChain, index });
        }
      }
    }
    if (gift === undefined) return;
    this.#giftRepeated = true; // on a new connection it is the first time, which costs no more than a grant
    this.#words.gift(this.#number, gift);
  }

  #acknowledge(indexes: readonly number[]): void {
    this.#acknowledged = this.#acknowledged.map((index, chain) => Math.max(index, indexes[chain] ?? 0));
    this.ticks.acknowledged(this.#acknowledged[this.#watchChain] ?? 0);
    const span = this.#gifts.underWay?.span;
    if (span === undefined || span === null) return;
    if (span.to.every((index, chain) => index <= (this.#acknowledged[chain] ?? 0))) this.#settleGift(null);
  }

  #settleGift(code: Code | null): void {
    this.#giftRepeated = false;
    const outcome = this.#gifts.settleHead(code);
    this.#host.save(this.record);
    if (outcome !== undefined) this.emit('gift', outcome);
  }

  #sayExhausted(): void {
    if (this.#saidExhausted) return;
    this.#saidExhausted = true;
    this.emit('exhausted', { holdSats: this.record.holdSats });
  }

  #send(message: ClientMessage): void {
    this.#host.send(message); // false: the connection just went; `attached` repeats what matters
  }
}

/** Of all the viewer's streams of the round, when this one has ended. A cancelled round gives all of it back. */
export function paidInRoundSats(
  record: Pick<StreamRecord, 'earlierSats'>,
  end: Pick<EndedMessage, 'reason' | 'paidSats'>,
): number {
  return end.reason === 'cancelled' ? 0 : record.earlierSats + end.paidSats;
}

/** Why gifts that wait when their stream ends come to nothing. */
function lateGiftCode(reason: StreamEndReason): Code {
  if (reason === 'replaced') return 'STREAM_TAKEN';
  return reason === 'closed' ? 'UNKNOWN_STREAM' : 'ROUND_OVER';
}

function notOpen(phase: PublicState['phase']): Refusal<'ROUND_NOT_OPEN' | 'ROUND_OVER'> {
  return refuse(phase === 'scheduled' || phase === 'lobby' ? 'ROUND_NOT_OPEN' : 'ROUND_OVER');
}
