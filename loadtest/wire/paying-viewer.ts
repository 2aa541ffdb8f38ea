/**
 * One viewer on the wire protocol (docs/PROTOCOL.md), made to be one of thousands in a process: it has no timers
 * (whoever owns it calls), decodes no state (unless it is a probe, whose owner does), and writes what it sends every
 * second into one shared frame. It pays, gives, claps, votes and switches; after a lost connection it attaches its
 * stream and sends again what was not acknowledged; and it knows to the sat what it revealed and what came back.
 *
 * Life: `connect`, and again after `closed` for as long as its owner wants. Times are monotonic milliseconds.
 */
import { identityOf } from '../../src/client/identity.ts';
import type { Identity } from '../../src/client/identity.ts';
import { openMessage } from '../../src/client/new-stream.ts';
import type { RoundId } from '../../src/core/ids.ts';
import { LIMITS } from '../../src/core/limits.ts';
import { sha256 } from '../../src/platform/hash.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { nativeSignatures } from '../../src/platform/signatures.ts';
import { encodeClient } from '../../src/protocol/client-codec.ts';
import { u16At, u32At } from '../../src/protocol/layout.ts';
import {
  type ClientMessage,
  type ErrorMessage,
  FRAME,
  type ServerMessage,
  type StreamMessage,
  type WelcomeMessage,
} from '../../src/protocol/messages.ts';
import { decodeServer } from '../../src/protocol/server-codec.ts';
import type { StreamEndReason } from '../../src/round/effects.ts';
import { authBytes } from '../../src/voucher/commitment.ts';
import { Purse, type PurseBudget } from './purse.ts';
import { RawWebSocket, type WebSocketListener, type WebSocketTarget } from './raw-web-socket.ts';

const platform = { random: systemRandom, sha256, signatures: nativeSignatures };

/** A key of its own and the account that follows from it. `privateKey`: 32 bytes; random if it is not given. */
export function newPerson(privateKey: Uint8Array = systemRandom.bytes(32)): Identity {
  return identityOf(privateKey, platform);
}

/** Shared by all viewers of a round in this process. */
export interface ViewerRound {
  readonly roundId: RoundId;
  readonly participants: number;
  readonly rateSatsPerSecond: number;
  /** Seconds are watched from here to there; the end moves when a load is stopped early. */
  readonly startsAtMs: number;
  endsAtMs: number;
}

/** Counted by all viewers of a process together. */
export interface ViewerCounts {
  /** PAY frames: one word each, for one second or more. */
  words: number;
  deliveries: number;
  deliveredBytes: number;
}

/** Whoever owns the viewers of a process. */
export interface ViewerHost {
  readonly counts: ViewerCounts;
  nowMs(): number;
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

export interface ViewerSetup {
  readonly target: WebSocketTarget;
  readonly person: Identity;
  /** Shown to others, up to 32 characters. */
  readonly name: string;
  readonly round: ViewerRound;
  readonly budget: PurseBudget;
  /** Whom it watches at first. */
  readonly watching: number;
  /** Its state frames are handed to the host. */
  readonly probe: boolean;
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

const DETACHED = -1;
/** Float dust: a word that is due by less than this is due. */
const DUST_WORDS = 1e-6;

export class PayingViewer implements WebSocketListener {
  readonly setup: ViewerSetup;
  readonly purse: Purse;
  /** Since when the connection that is there, or tried, is under way. */
  connectedAtMs = 0;
  readonly #host: ViewerHost;
  #socket: RawWebSocket | null = null;
  #welcome: WelcomeMessage | null = null;
  /** The connection's number of the stream. */
  #stream: number = DETACHED;
  #watching: number;
  /** Watched and paid for up to here. */
  #paidUntilMs = 0;
  readonly #claps: number[];
  #vote: number | null = null;
  #clapsRefused = false;
  #epoch = 0;
  #seq = 0;
  #ref = 0;
  /** OPEN or ATTACH under way; 0: none. */
  #requestRef = 0;
  /** What to ask for next: an OPEN whose answer was lost is followed by ATTACH. */
  #ask: 'open' | 'attach' = 'open';
  #wasOpen = false;
  #askAgain = false;
  #leaving = false;
  /** CLOSE is under way: nothing that follows it would count. */
  #closing = false;
  #over = false;
  /** A gift that was sent twice on one connection may be refused twice: section 10. */
  #giftRepeated = false;
  #awaitsGrant = false;

  constructor(setup: ViewerSetup, host: ViewerHost) {
    this.setup = setup;
    this.#host = host;
    this.purse = new Purse(setup.round.roundId, setup.budget);
    this.#watching = setup.watching;
    this.#claps = Array.from({ length: setup.round.participants }, () => 0);
  }

  /** Words count now. */
  get isAttached(): boolean {
    return this.#stream !== DETACHED;
  }

  get isConnected(): boolean {
    return this.#socket !== null;
  }

  /** The stream has ended for good. */
  get isOver(): boolean {
    return this.#over;
  }

  get ledger(): StreamLedger {
    const { purse } = this;
    const { roundId, streamId } = purse.record;
    const { revealedSats, acknowledgedSats } = purse;
    return { roundId, streamId, revealedSats, acknowledgedSats, final: this.#over };
  }

  /* ---- what its owner has it do ---- */

  /** Not while a connection is there. */
  connect(): void {
    this.connectedAtMs = this.#host.nowMs();
    this.#socket = new RawWebSocket(this.setup.target, this);
  }

  /** Loses the connection, as a train in a tunnel does. */
  drop(): void {
    this.#socket?.destroy();
  }

  /** Closes the stream once its gifts are through, and then the connection. */
  leave(): void {
    this.pay(this.#host.nowMs());
    this.#leaving = true;
    this.#closeWhenDone();
  }

  /** Reveals one word for what was watched and not paid by then; to be called as often as the round asks for words. */
  pay(nowMs: number): void {
    if (this.#askAgain) this.#request();
    if (this.#stream === DETACHED || this.#leaving || this.purse.giftUnderWay !== undefined) return;
    const { startsAtMs, endsAtMs, rateSatsPerSecond } = this.setup.round;
    const fromMs = Math.max(this.#paidUntilMs, startsAtMs);
    const due = ((Math.min(nowMs, endsAtMs) - fromMs) * rateSatsPerSecond) / 1_000;
    const words = Math.min(Math.floor(due + DUST_WORDS), this.purse.wordsLeft);
    if (words > 0) {
      this.#paidUntilMs = fromMs + (words * 1_000) / rateSatsPerSecond;
      this.reveal(words);
    }
    if (this.#clapsRefused) this.#repeatClaps(null);
  }

  /** Reveals so many words for watching, whatever the time. Nothing is sent while it is not attached. */
  reveal(words: number): void {
    for (let left = words; left > 0 && this.#stream !== DETACHED; left -= LIMITS.watchStepMax) {
      const step = Math.min(left, LIMITS.watchStepMax);
      this.#sendWord(this.purse.pay(this.#stream, this.#watching, step));
    }
  }

  /** Sent now, or after the gifts before it, or after a lost connection is back. */
  gift(target: number, sats: number, dueMs: number): void {
    this.purse.gifts.push({ target, sats, dueMs, span: null });
    this.#sendNextGift();
  }

  /** `count` more claps. */
  clap(target: number, count: number): void {
    const total = (this.#claps[target] ?? 0) + count;
    this.#claps[target] = total;
    this.#send({ type: FRAME.CLAP, stream: this.#stream, target, count: total });
  }

  vote(target: number): void {
    this.#vote = target;
    this.#send({ type: FRAME.VOTE, stream: this.#stream, target });
  }

  watch(target: number, nowMs: number): void {
    this.pay(nowMs);
    this.#watching = target;
    this.#send({ type: FRAME.WATCH, stream: this.#stream, target });
  }

  /** Stops paying; the engine acknowledges everything at once. */
  pause(): void {
    this.#send({ type: FRAME.WATCH, stream: this.#stream, target: null });
  }

  /** Bytes as they are, right or wrong. */
  sendRaw(bytes: Uint8Array): void {
    this.#socket?.send(bytes);
  }

  /** A PAY with a word that is none, for the index after the last. */
  sendBadWord(): void {
    if (this.#stream === DETACHED) return;
    const index = this.purse.record.revealed[0] ?? 0;
    const frame = Uint8Array.from(this.purse.payUpTo(this.#stream, this.#watching, index));
    new DataView(frame.buffer).setUint32(5, index + 1, true);
    this.sendRaw(frame);
  }

  pauseReading(): void {
    this.#socket?.pauseReading();
  }

  resumeReading(): void {
    this.#socket?.resumeReading();
  }

  readOnce(): void {
    this.#socket?.readOnce();
  }

  /* ---- what its socket tells ---- */

  opened(): void {}

  received(bytes: Uint8Array, from: number, to: number): void {
    const { counts } = this.#host;
    counts.deliveries++;
    counts.deliveredBytes += to - from;
    switch (bytes[from]) {
      case FRAME.KEYFRAME:
      case FRAME.DELTA:
        if (to - from < 13) return;
        // Enough to resume from, for one who does not read what is in it.
        this.#epoch = u32At(bytes, from + 5);
        this.#seq = u32At(bytes, from + 9);
        if (this.setup.probe) this.#host.state(this, bytes.subarray(from, to));
        return;
      case FRAME.PAID:
        this.#paid(bytes, from);
        return;
      default: {
        const decoded = decodeServer(bytes.subarray(from, to));
        if (decoded.ok) this.#take(decoded.message);
        else this.#host.refused(this, 'SERVER_FRAME');
      }
    }
  }

  closed(code: number, reason: string): void {
    this.#socket = null;
    this.#welcome = null;
    this.#stream = DETACHED;
    this.#requestRef = 0;
    this.#askAgain = false;
    this.#giftRepeated = false;
    this.#closing = false;
    this.#host.closed(this, code, reason);
  }

  /* ---- inside ---- */

  #take(message: ServerMessage): void {
    switch (message.type) {
      case FRAME.WELCOME:
        this.#authenticate(message);
        return;
      case FRAME.READY: {
        const resume = this.#epoch === 0 ? null : { epoch: this.#epoch, seq: this.#seq };
        const { roundId } = this.setup.round;
        this.#sendAny({ type: FRAME.JOIN, ref: this.#nextRef(), round: roundId, resume });
        if (!this.#over) this.#request();
        return;
      }
      case FRAME.STREAM:
        this.#granted(message);
        return;
      case FRAME.ERROR:
        this.#error(message);
        return;
      case FRAME.ENDED:
        if (message.stream !== this.#stream) return;
        this.#stream = DETACHED;
        this.#over = true;
        // The last word on it: what was not acknowledged one by one is, if all of it was paid.
        if (message.paidSats === this.purse.revealedSats) this.#acknowledgeAll();
        this.#host.ended(this, message.reason);
        if (this.#leaving) this.#socket?.close();
        return;
      default:
    }
  }

  #authenticate(welcome: WelcomeMessage): void {
    this.#welcome = welcome;
    const { publicKey, privateKey } = this.setup.person;
    const signature = nativeSignatures.sign(sha256(authBytes(welcome.network, welcome.nonce)), privateKey);
    this.#sendAny({ type: FRAME.AUTH, publicKey, signature, agent: 'ringside-load' });
  }

  #request(): void {
    const { person, name, round } = this.setup;
    const welcome = this.#welcome;
    this.#askAgain = false;
    if (welcome === null || this.#requestRef !== 0) return;
    const ref = this.#nextRef();
    this.#requestRef = ref;
    if (this.#ask === 'attach') {
      const { streamId } = this.purse.record;
      this.#sendAny({ type: FRAME.ATTACH, ref, round: round.roundId, streamId });
      return;
    }
    const { record, words } = this.purse;
    const { rateSatsPerSecond } = round;
    const nowMs = welcome.serverTimeMs;
    const open = { record, words, identity: person, welcome, rateSatsPerSecond, nowMs, name, platform };
    this.#sendAny({ ...openMessage(open), ref });
    this.#ask = 'attach';
  }

  #granted(grant: StreamMessage): void {
    const isAnswer = grant.ref !== 0;
    if (isAnswer && grant.ref === this.#requestRef) {
      this.#requestRef = 0;
      this.#paidUntilMs = this.#host.nowMs();
    }
    this.#stream = grant.stream;
    this.#wasOpen = true;
    this.#awaitsGrant = false;
    for (const chain of [0, 1] as const) {
      const known = this.purse.acknowledge(chain, grant.indexes[chain] ?? 0);
      if (!known) this.#host.refused(this, 'LOST_ACKNOWLEDGED');
    }
    if (this.#vote !== null && grant.vote === null) this.vote(this.#vote);
    this.#repeatClaps(grant.claps);
    this.#giftDone();
    this.#repeatWords(grant.indexes[0] ?? 0);
    if (grant.watching !== this.#watching) {
      this.#send({ type: FRAME.WATCH, stream: this.#stream, target: this.#watching });
    }
    if (isAnswer) this.#host.attached(this);
    else this.#host.attachedAgain?.(this);
    this.#sendNextGift();
    this.#closeWhenDone();
  }

  /** What was revealed above what is durable, in the order of the first time; whom it was watched for is not kept. */
  #repeatWords(known: number): void {
    const gift = this.purse.giftUnderWay;
    const upTo = gift?.span?.from[0] ?? this.purse.record.revealed[0] ?? 0;
    for (let index = known; index < upTo; ) {
      index = Math.min(index + LIMITS.watchStepMax, upTo);
      this.#sendWord(this.purse.payUpTo(this.#stream, this.#watching, index));
    }
    if (gift === undefined) return;
    this.#giftRepeated = true;
    this.#socket?.send(this.purse.giftFrame(this.#stream, gift));
  }

  #repeatClaps(known: readonly number[] | null): void {
    this.#clapsRefused = false;
    for (const [target, count] of this.#claps.entries()) {
      if (count > (known?.[target] ?? 0)) {
        this.#send({ type: FRAME.CLAP, stream: this.#stream, target, count });
      }
    }
  }

  #paid(bytes: Uint8Array, from: number): void {
    if (u16At(bytes, from + 1) !== this.#stream) return;
    const count = Math.min(bytes[from + 3] as number, 2);
    for (let chain = 0; chain < count; chain++) {
      const index = u32At(bytes, from + 4 + 4 * chain);
      this.purse.acknowledge(chain as 0 | 1, index); // an older PAID may come after a newer STREAM
    }
    if (this.purse.gifts.length > 0) this.#giftDone();
  }

  #giftDone(): void {
    const gift = this.purse.takeAcknowledgedGift();
    if (gift === undefined) return;
    this.#giftRepeated = false;
    this.#host.giftAcknowledged(this, gift);
    this.#sendNextGift();
    this.#closeWhenDone();
  }

  #sendNextGift(): void {
    const [gift] = this.purse.gifts;
    if (gift === undefined || gift.span !== null || this.#awaitsGrant) return;
    if (this.#stream === DETACHED || this.#closing) return;
    this.#socket?.send(this.purse.giftFrame(this.#stream, gift));
  }

  #error({ ref, code, frame, retryable }: ErrorMessage): void {
    const isAnswer = ref !== 0 && ref === this.#requestRef;
    if (isAnswer) this.#requestRef = 0;
    if (isAnswer && code === 'UNKNOWN_STREAM' && !this.#wasOpen) {
      // An OPEN whose answer was lost had not arrived: no error of anybody.
      this.#ask = 'open';
      this.#request();
      return;
    }
    this.#host.refused(this, code);
    if (isAnswer) {
      const isThere = code === 'STREAM_EXISTS' || code === 'STREAM_TAKEN';
      if (frame === FRAME.OPEN && !isThere) this.#ask = 'open';
      this.#askAgain = retryable || isThere;
    } else if (frame === FRAME.GIFT) {
      this.#giftRefused();
    } else if (frame === FRAME.CLAP && code === 'CLAP_FLOOD') {
      this.#clapsRefused = true;
    }
  }

  #giftRefused(): void {
    if (this.#awaitsGrant || this.purse.takeBackGift() === undefined) return;
    this.#awaitsGrant = this.#giftRepeated;
    this.#giftRepeated = false;
    if (this.#awaitsGrant) this.#request();
    else this.#sendNextGift();
  }

  #closeWhenDone(): void {
    if (!this.#leaving || this.#closing || this.purse.gifts.length > 0) return;
    if (this.#stream === DETACHED) return; // once it is attached
    this.#closing = true;
    this.#sendAny({ type: FRAME.CLOSE, stream: this.#stream, ref: this.#nextRef() });
  }

  #acknowledgeAll(): void {
    for (const chain of [0, 1] as const) {
      this.purse.acknowledge(chain, this.purse.record.revealed[chain] ?? 0);
    }
    this.#giftDone();
  }

  #nextRef(): number {
    this.#ref++;
    return this.#ref;
  }

  #sendWord(frame: Uint8Array): void {
    this.#host.counts.words++;
    this.#socket?.send(frame);
  }

  /** Nothing while the stream is not attached: STREAM makes up for it. */
  #send(message: Exclude<ClientMessage, { readonly ref: number }>): void {
    if (this.#stream !== DETACHED && !this.#closing) this.#sendAny(message);
  }

  #sendAny(message: ClientMessage): void {
    this.#socket?.send(encodeClient(message));
  }
}
