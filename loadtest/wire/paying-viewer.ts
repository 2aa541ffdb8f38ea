/**
 * One viewer on the wire protocol (docs/PROTOCOL.md), made to be one of thousands in a process: it has no timers
 * (whoever owns it calls), decodes no state (unless it is a probe, whose owner does), and writes what it sends every
 * second into one shared frame. It pays, gives, claps, votes and switches; after a lost connection it attaches its
 * stream and sends again what was not acknowledged; and it knows to the sat what it revealed and what came back.
 *
 * Life: `connect`, and again after `closed` for as long as its owner wants. Times are monotonic milliseconds.
 */
import { u16At, u32At } from '../../src/protocol/layout.ts';
import {
  type EndedMessage,
  type ErrorMessage,
  FRAME,
  type ServerMessage,
  type StreamMessage,
} from '../../src/protocol/messages.ts';
import type { StreamEndReason } from '../../src/round/effects.ts';
import { Attachment } from './attachment.ts';
import { Giving } from './giving.ts';
import { Purse, type StreamLedger } from './purse.ts';
import { StreamRequest } from './stream-request.ts';
import { type ConnectionOwner, ViewerConnection } from './viewer-connection.ts';
import type { ViewerCounts, ViewerSetup } from './viewer-setup.ts';
import { WatchWords } from './watch-words.ts';
import { Wishes } from './wishes.ts';

/** Whoever owns the viewers of a process. */
export interface ViewerHost {
  readonly counts: ViewerCounts;
  nowMs(): number;
  /** Every message, before it is looked at; the bytes are valid only during the call. */
  received?(bytes: Uint8Array, from: number, to: number): void;
  /** The stream is on the connection and durable: words count. */
  attached(viewer: PayingViewer): void;
  /** The same, without having been asked: the engine restored the round. */
  attachedAgain?(viewer: PayingViewer): void;
  giftAcknowledged(viewer: PayingViewer, gift: { readonly sats: number; readonly dueMs: number }): void;
  /** A KEYFRAME or DELTA of a probe; the bytes are valid only during the call. */
  state(viewer: PayingViewer, frame: Uint8Array): void;
  /** An ERROR, or something the engine should not have done (`LOST_ACKNOWLEDGED`). */
  refused(viewer: PayingViewer, code: string): void;
  /** The stream has ended: no word counts any more. */
  ended(viewer: PayingViewer, reason: StreamEndReason): void;
  closed(viewer: PayingViewer, code: number, reason: string): void;
}

export class PayingViewer implements ConnectionOwner {
  readonly setup: ViewerSetup;
  readonly purse: Purse;
  readonly #host: ViewerHost;
  readonly #connection: ViewerConnection;
  readonly #request: StreamRequest;
  readonly #attachment: Attachment;
  readonly #wishes: Wishes;
  readonly #words: WatchWords;
  readonly #giving: Giving;
  #leaving = false;
  #over = false;

  constructor(setup: ViewerSetup, host: ViewerHost) {
    this.setup = setup;
    this.#host = host;
    this.purse = new Purse(setup.round.roundId, setup.budget);
    this.#connection = new ViewerConnection(setup, this);
    this.#request = new StreamRequest(setup, this.purse, this.#connection);
    this.#attachment = new Attachment(this.#connection);
    this.#wishes = new Wishes(setup, this.#attachment);
    const parts = { purse: this.purse, attachment: this.#attachment };
    this.#words = new WatchWords({
      ...parts,
      round: setup.round,
      wishes: this.#wishes,
      counts: host.counts,
    });
    this.#giving = new Giving({
      ...parts,
      request: this.#request,
      acknowledged: (gift) => host.giftAcknowledged(this, gift),
    });
  }

  /** Words count now. */
  get isAttached(): boolean {
    return this.#attachment.isThere;
  }

  get isConnected(): boolean {
    return this.#connection.socket !== null;
  }

  /** The stream has ended for good. */
  get isOver(): boolean {
    return this.#over;
  }

  get ledger(): StreamLedger {
    return this.purse.ledger(this.#over);
  }

  /* ---- what its owner has it do ---- */

  /** Not while a connection is there. */
  connect(): void {
    this.#connection.connect();
  }

  /** Loses the connection, as a train in a tunnel does. */
  drop(): void {
    this.#connection.socket?.destroy();
  }

  /** Closes the stream once its gifts are through, and then the connection. */
  leave(): void {
    this.pay(this.#host.nowMs());
    this.#leaving = true;
    this.#closeWhenDone();
  }

  /** Reveals one word for what was watched and not paid by then; to be called as often as the round asks for words. */
  pay(nowMs: number): void {
    if (this.#request.isToRepeat) this.#request.send();
    if (!this.isAttached || this.#leaving || this.purse.giftUnderWay !== undefined) return;
    this.#words.pay(nowMs);
    this.#wishes.repeatRefusedClaps();
  }

  /** Reveals so many words for watching, whatever the time. Nothing is sent while it is not attached. */
  reveal(words: number): void {
    this.#words.reveal(words);
  }

  /** Sent now, or after the gifts before it, or after a lost connection is back. */
  gift(target: number, sats: number, dueMs: number): void {
    this.#giving.give(target, sats, dueMs);
  }

  /** `count` more claps. */
  clap(target: number, count: number): void {
    this.#wishes.clap(target, count);
  }

  vote(target: number): void {
    this.#wishes.vote(target);
  }

  watch(target: number, nowMs: number): void {
    this.pay(nowMs);
    this.#wishes.watch(target);
  }

  /** Stops paying; the engine acknowledges everything at once. */
  pause(): void {
    this.#wishes.watchNobody();
  }

  /** Bytes as they are, right or wrong. */
  sendRaw(bytes: Uint8Array): void {
    this.#connection.socket?.send(bytes);
  }

  /** A PAY with a word that is none, for the index after the last. */
  sendBadWord(): void {
    this.#words.sendBad();
  }

  pauseReading(): void {
    this.#connection.socket?.pauseReading();
  }

  resumeReading(): void {
    this.#connection.socket?.resumeReading();
  }

  readOnce(): void {
    this.#connection.socket?.readOnce();
  }

  /* ---- what its connection tells ---- */

  received(bytes: Uint8Array, from: number, to: number): void {
    const { counts } = this.#host;
    counts.deliveries++;
    counts.deliveredBytes += to - from;
    this.#host.received?.(bytes, from, to);
  }

  ready(): void {
    if (!this.#over) this.#request.send();
  }

  state(bytes: Uint8Array, from: number, to: number): void {
    if (this.setup.probe) this.#host.state(this, bytes.subarray(from, to));
  }

  paid(bytes: Uint8Array, from: number): void {
    if (u16At(bytes, from + 1) !== this.#attachment.stream) return;
    const count = Math.min(bytes[from + 3] as number, 2);
    for (let chain = 0; chain < count; chain++) {
      const index = u32At(bytes, from + 4 + 4 * chain);
      this.purse.acknowledge(chain as 0 | 1, index); // an older PAID may come after a newer STREAM
    }
    if (!this.#giving.isDone) this.#advanceGifts();
  }

  told(message: ServerMessage): void {
    if (message.type === FRAME.STREAM) this.#granted(message);
    else if (message.type === FRAME.ERROR) this.#refused(message);
    else if (message.type === FRAME.ENDED) this.#ended(message);
  }

  unreadable(): void {
    this.#host.refused(this, 'SERVER_FRAME');
  }

  closed(code: number, reason: string): void {
    this.#attachment.lost();
    this.#request.lost();
    this.#giving.lost();
    this.#host.closed(this, code, reason);
  }

  /* ---- inside ---- */

  #granted(grant: StreamMessage): void {
    if (this.#request.granted(grant.ref)) this.#words.beginAt(this.#host.nowMs());
    this.#attachment.granted(grant.stream);
    this.#giving.granted();
    for (const chain of [0, 1] as const) {
      const known = this.purse.acknowledge(chain, grant.indexes[chain] ?? 0);
      if (!known) this.#host.refused(this, 'LOST_ACKNOWLEDGED');
    }
    this.#wishes.repeatActs(grant);
    this.#advanceGifts();
    this.#words.repeatAbove(grant.indexes[0] ?? 0);
    this.#giving.repeat();
    this.#wishes.repeatWatch(grant);
    if (grant.ref !== 0) this.#host.attached(this);
    else this.#host.attachedAgain?.(this);
    this.#giving.sendNext();
    this.#closeWhenDone();
  }

  #refused(error: ErrorMessage): void {
    const request = this.#request.refused(error);
    if (request === 'repeated') return;
    this.#host.refused(this, error.code);
    if (request === 'refused') return;
    if (error.frame === FRAME.GIFT) this.#giving.refused();
    else if (error.frame === FRAME.CLAP && error.code === 'CLAP_FLOOD') this.#wishes.clapsRefused();
  }

  #ended({ stream, paidSats, reason }: EndedMessage): void {
    if (stream !== this.#attachment.stream) return;
    this.#attachment.ended();
    this.#over = true;
    // The last word on it: what was not acknowledged one by one is, if all of it was paid.
    if (paidSats === this.purse.revealedSats) this.#acknowledgeAll();
    this.#host.ended(this, reason);
    if (this.#leaving) this.#connection.socket?.close();
  }

  #acknowledgeAll(): void {
    for (const chain of [0, 1] as const) {
      this.purse.acknowledge(chain, this.purse.record.revealed[chain] ?? 0);
    }
    this.#advanceGifts();
  }

  #advanceGifts(): void {
    if (this.#giving.advance()) this.#closeWhenDone();
  }

  #closeWhenDone(): void {
    if (!this.#leaving || this.#attachment.isClosing || !this.#giving.isDone) return;
    if (this.isAttached) this.#attachment.close(); // else once it is
  }
}
