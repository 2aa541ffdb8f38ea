/**
 * One viewer in one round: the followed state and the stream that pays, from the first frame until the viewer turns to
 * another round. Opens the stream when something needs it, attaches it again after a lost connection, and replaces it
 * when its hold is used up.
 */
import { type Code, type Refusal, codeInfo, refuse } from '../core/errors.ts';
import type { RoundId } from '../core/ids.ts';
import type { Timer } from '../ports/clock.ts';
import {
  type EndedMessage,
  type ErrorMessage,
  FRAME,
  type PaidMessage,
  type StreamMessage,
} from '../protocol/messages.ts';
import type { StreamEndReason } from '../round/effects.ts';
import type { PublicDelta, PublicState } from '../round/public-state.ts';
import type { HashChain } from '../voucher/hash-chain.ts';
import type { Connection } from './connection.ts';
import { Emitter } from './events.ts';
import { isRunning } from './extrapolate.ts';
import type { GiftOutcome } from './gift-queue.ts';
import type { Identity } from './identity.ts';
import { newStreamRecord, openMessage, wordsOf } from './new-stream.ts';
import { PayingStream, type PaidTotals, paidInRoundSats } from './paying-stream.ts';
import type { ClientPlatform } from './platform.ts';
import { RoundFollower } from './round-follower.ts';
import type { RoundReplica } from './round-replica.ts';
import type { ClientStorage, StreamRecord } from './storage.ts';
import { requestStream } from './stream-request.ts';
import { type Ticker, sharedTicker } from './ticker.ts';

export type Outcome = { readonly ok: true } | Refusal;
export type StreamOutcome = { readonly ok: true; readonly stream: PayingStream } | Refusal;

export type RoundSessionEvents = {
  /** A frame of the round. `delta` is null for a keyframe. The state is changed in place by the next. */
  state: { readonly state: PublicState; readonly delta: PublicDelta | null };
  paid: PaidTotals;
  gift: GiftOutcome;
  /** The stream is open and attached, or is not any more. */
  stream: { readonly open: boolean };
  ended: { readonly roundId: RoundId; readonly reason: StreamEndReason; readonly paidSats: number };
  error: { readonly code: Code; readonly message: string };
};

export interface RoundSessionOptions {
  readonly connection: Connection;
  readonly identity: Identity;
  readonly storage: ClientStorage;
  readonly platform: ClientPlatform;
  readonly roundId: RoundId;
  readonly replica: RoundReplica | undefined;
  readonly name: string;
  /** What the next stream can give besides watching. */
  readonly giftBudgetSats: () => number;
  readonly watchSecondsMax: number;
  readonly paused: boolean;
}

const OVERTIME_SECONDS = 180;
const OPEN_ENDED_SECONDS = 900;
const CLAP_FLUSH_MS = 150;
const RETRY_MS = 500;
/** Refusals of a known round before it counts as gone. */
const PATIENCE = 40;
/** Words are due on whole seconds; paying a little later finds them whole. Spread, so that not all pay at once. */
const PAY_OFFSET_MS = 100;
const PAY_SPREAD_MS = 800;

export class RoundSession extends Emitter<RoundSessionEvents> {
  readonly roundId: RoundId;
  readonly #options: RoundSessionOptions;
  readonly #follower: RoundFollower;
  readonly #ticker: Ticker;
  readonly #offReady: () => void;
  readonly #offLost: () => void;
  #stream: PayingStream | null = null;
  #opening: Promise<StreamOutcome> | null = null;
  /** A stream that a new one is about to replace. */
  #renewing: PayingStream | null = null;
  #paused: boolean;
  #closed = false;
  #payTimer: Timer | null = null;
  #clapFlushDue = false;
  #attachDue = false;
  #refusals = 0;
  /** Paid in this round by streams that are over. */
  #paidEarlierSats = 0;
  #lastTotals: PaidTotals | null = null;
  readonly #streams: PayingStream[] = [];

  constructor(options: RoundSessionOptions) {
    super();
    this.roundId = options.roundId;
    this.#options = options;
    this.#paused = options.paused;
    this.#ticker = sharedTicker(options.platform.clock);
    this.#offLost = options.connection.on('lost', () => this.#lost());
    const { connection, roundId, replica } = options;
    this.#follower = new RoundFollower({ connection, ticker: this.#ticker, roundId, replica });
    // After the follower's own listener: the round is joined before the stream is attached.
    this.#offReady = options.connection.on('ready', () => {
      if (this.#stream !== null) this.#attachAgain(this.#stream);
    });
    this.#follower.on('refused', (refusal) => this.emit('error', refusal));
    let first = true;
    this.#follower.on('state', (change) => {
      this.#stream?.onState();
      this.emit('state', change);
      if (first && options.storage.loadStream(this.roundId) !== null) void this.ensureStream();
      first = false;
    });
  }

  get state(): PublicState | null {
    return this.#follower.state;
  }

  get stream(): PayingStream | null {
    return this.#stream;
  }

  /** Paid in this round, also after the stream is over; null when nothing was ever paid here. */
  get totals(): PaidTotals | null {
    return this.#stream?.totals ?? this.#lastTotals;
  }

  /** Watch words of all streams of this session. */
  get ticks(): { readonly sent: number; readonly acknowledged: number } {
    let sent = 0;
    let acknowledged = 0;
    for (const { ticks } of this.#streams) {
      sent += ticks.sentCount;
      acknowledged += ticks.acknowledgedCount;
    }
    return { sent, acknowledged };
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    this.#stream?.pause(paused);
  }

  /** The stream: the one that is there, the one that storage remembers, or a new one. */
  ensureStream(): Promise<StreamOutcome> {
    const stream = this.#stream;
    if (stream !== null) return Promise.resolve({ ok: true, stream });
    this.#opening ??= this.#begin().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  clap(stream: PayingStream, target: number, claps: number): number {
    const counted = stream.claps.add(target, claps, this.#options.connection.clock.nowMs());
    if (counted === 0 || this.#clapFlushDue) return counted;
    this.#clapFlushDue = true;
    this.#ticker.add(CLAP_FLUSH_MS, () => {
      this.#clapFlushDue = false;
      this.#stream?.sendClaps();
      return null;
    });
    return counted;
  }

  /** Closes the stream; resolves when that is durable. */
  leave(): Promise<Outcome> {
    const stream = this.#stream;
    stream?.watch(null);
    stream?.sendClaps();
    const number = stream?.number ?? null;
    if (stream === null || number === null) return Promise.resolve(refuse('UNKNOWN_STREAM'));
    return new Promise((resolve) => {
      this.#options.connection.request(
        (ref) => ({ type: FRAME.CLOSE, stream: number, ref }),
        (answer) => {
          if (answer?.type === FRAME.ENDED) {
            this.#ended(stream, answer);
            resolve({ ok: true });
          } else {
            resolve(refuse(answer?.type === FRAME.ERROR ? answer.code : 'UNAVAILABLE'));
          }
        },
      );
    });
  }

  /** Turns away. The stream stays open on the engine; whoever has the storage can take it up again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#offReady();
    this.#offLost();
    const stream = this.#stream;
    this.#stream = null;
    stream?.leaveOpen();
    this.#schedulePay(null);
    this.#follower.leave();
  }

  /** A message about a stream; false when it is about none of this session's. */
  receive(message: StreamMessage | EndedMessage | ErrorMessage | PaidMessage): boolean {
    const stream = this.#stream;
    if (stream === null) return false;
    if (message.type === FRAME.STREAM) {
      if (message.streamId !== stream.record.streamId) return false;
      stream.attached(message);
      return true;
    }
    if (stream.number === null || message.stream !== stream.number) return false;
    if (message.type === FRAME.PAID) stream.paid(message.indexes);
    else if (message.type === FRAME.ENDED) {
      if (stream !== this.#renewing) this.#ended(stream, message);
    } else if (message.code === 'UNKNOWN_STREAM') {
      stream.detached();
      this.#attachAgain(stream);
    } else if (message.code === 'UNAVAILABLE') {
      this.#attachLater(stream); // something was not taken; the grant says what, and it is repeated
    } else if (!stream.refused(message)) {
      this.emit('error', { code: message.code, message: message.message });
    }
    return true;
  }

  async #begin(): Promise<StreamOutcome> {
    const { storage } = this.#options;
    if (this.state === null) return refuse('ROUND_NOT_FOUND');
    const stored = storage.loadStream(this.roundId);
    if (stored !== null) {
      const outcome = await this.#granted(stored, 'attach');
      if (outcome.ok || outcome.code !== 'UNKNOWN_STREAM') return outcome;
      storage.dropStream(this.roundId);
    }
    return this.#openNew();
  }

  async #openNew(): Promise<StreamOutcome> {
    const { state, roundId } = this;
    const { connection, giftBudgetSats, platform, storage, watchSecondsMax } = this.#options;
    if (state === null) return refuse('ROUND_NOT_FOUND');
    if (state.phase === 'scheduled') return refuse('ROUND_NOT_OPEN');
    if (state.phase !== 'lobby' && !isRunning(state.phase)) return refuse('ROUND_OVER');
    const leftSeconds =
      state.endsAtMs === null
        ? OPEN_ENDED_SECONDS
        : Math.ceil((state.endsAtMs - connection.clock.nowMs()) / 1000) + OVERTIME_SECONDS;
    const budget = {
      rateSatsPerSecond: state.rateSatsPerSecond,
      watchSeconds: Math.max(1, Math.min(leftSeconds, watchSecondsMax)),
      giftSats: giftBudgetSats(),
    };
    const record = newStreamRecord({ roundId, budget, earlierSats: this.#paidEarlierSats }, platform);
    storage.saveStream(record); // from here on a reload finds it, whatever becomes of OPEN
    const outcome = await this.#granted(record, 'open');
    if (!outcome.ok && storage.loadStream(roundId)?.streamId === record.streamId) {
      storage.dropStream(roundId);
    }
    return outcome;
  }

  async #granted(record: StreamRecord, first: 'attach' | 'open'): Promise<StreamOutcome> {
    const { connection, identity, name, platform } = this.#options;
    const words = wordsOf(record, platform);
    const outcome = await requestStream({
      connection,
      ticker: this.#ticker,
      record,
      first,
      wanted: () => !this.#closed,
      open: (welcome) =>
        openMessage({
          record,
          words,
          welcome,
          identity,
          rateSatsPerSecond: this.state?.rateSatsPerSecond ?? 1,
          nowMs: connection.clock.nowMs(),
          name,
          platform,
        }),
      granted: (grant) => this.#adopt(record, words, grant),
    });
    return outcome.ok ? { ok: true, stream: outcome.value } : outcome;
  }

  #adopt(record: StreamRecord, words: readonly HashChain[], grant: StreamMessage): PayingStream {
    const { connection, storage } = this.#options;
    const stream = new PayingStream(record, {
      words,
      participants: this.state?.participants.length ?? 0,
      host: {
        send: (message) => connection.send(message),
        nowMs: () => connection.clock.nowMs(),
        state: () => this.state,
        save: (changed) => storage.saveStream(changed),
        attachAgain: () => this.#attachAgain(stream),
        running: (running) => this.#schedulePay(running ? stream : null),
      },
    });
    stream.on('paid', (totals) => {
      this.#lastTotals = totals;
      this.emit('paid', totals);
    });
    stream.on('gift', (gift) => this.emit('gift', gift));
    stream.on('ended', (ended) => this.emit('ended', { roundId: record.roundId, ...ended }));
    stream.on('exhausted', () => void this.#renew(stream));
    this.#stream = stream;
    this.#streams.push(stream);
    stream.pause(this.#paused);
    if (record.watching !== null) stream.watch(record.watching);
    stream.attached(grant);
    this.emit('stream', { open: true });
    return stream;
  }

  /** The hold is used up: a new stream takes over where this one ends. */
  async #renew(stream: PayingStream): Promise<void> {
    const { target } = stream;
    const running = this.state !== null && isRunning(this.state.phase);
    if (this.#stream !== stream || stream.pendingGifts > 0 || target === null || !running) return;
    this.#renewing = stream;
    this.#paidEarlierSats = stream.totals.sentSats;
    const outcome = await this.#openNew();
    this.#renewing = null;
    if (outcome.ok) {
      outcome.stream.watch(target);
    } else if (!this.#closed) {
      this.#paidEarlierSats = stream.record.earlierSats;
      this.#options.storage.saveStream(stream.record);
      stream.watch(null);
      this.emit('error', { code: outcome.code, message: codeInfo(outcome.code).message });
    }
  }

  #lost(): void {
    if (this.#stream === null) return;
    this.#stream.detached();
    this.emit('stream', { open: false });
  }

  #attachAgain(stream: PayingStream): void {
    const { roundId, streamId } = stream.record;
    this.#options.connection.request(
      (ref) => ({ type: FRAME.ATTACH, ref, round: roundId, streamId }),
      (answer) => {
        if (this.#stream !== stream || answer === null) return;
        if (answer.type === FRAME.STREAM) {
          this.#refusals = 0;
          stream.attached(answer);
          this.emit('stream', { open: true });
        } else if (answer.type === FRAME.ERROR) {
          if (this.#mayComeBack(answer.code)) return this.#attachLater(stream);
          // Over while this viewer was away: what was acknowledged is what is known.
          const cancelled = this.state?.phase === 'cancelled';
          const paidSats = cancelled ? 0 : stream.totals.acknowledgedSats - stream.record.earlierSats;
          const over = cancelled ? 'cancelled' : 'roundOver';
          const reason = answer.code === 'UNKNOWN_STREAM' ? 'replaced' : over;
          this.#ended(stream, { type: FRAME.ENDED, ref: 0, stream: 0, reason, paidSats });
        }
      },
    );
  }

  #attachLater(stream: PayingStream): void {
    if (this.#attachDue) return;
    this.#attachDue = true;
    this.#ticker.add(RETRY_MS, () => {
      this.#attachDue = false;
      if (this.#stream === stream) this.#attachAgain(stream);
      return null;
    });
  }

  /** An engine that is starting does not know its rounds at once: a round that was seen is waited for a while. */
  #mayComeBack(code: Code): boolean {
    if (codeInfo(code).retryable) return true;
    this.#refusals++;
    return code === 'ROUND_NOT_FOUND' && this.#refusals <= PATIENCE;
  }

  #ended(stream: PayingStream, message: EndedMessage): void {
    const { storage } = this.#options;
    stream.ended(message);
    // A stream that another page has taken is still that page's to remember.
    const stored = storage.loadStream(this.roundId);
    if (message.reason !== 'taken' && stored?.streamId === stream.record.streamId) {
      storage.dropStream(this.roundId);
    }
    this.#paidEarlierSats = paidInRoundSats(stream.record, message);
    if (this.#stream !== stream) return;
    this.#stream = null;
    this.#schedulePay(null);
    this.emit('stream', { open: false });
  }

  #schedulePay(stream: PayingStream | null): void {
    this.#payTimer?.cancel();
    this.#payTimer = null;
    if (stream === null) return;
    const payEveryMs = (): number => Math.max(1_000, this.state?.payEveryMs ?? 1_000);
    const chance = (): number => (this.#options.platform.random.bytes(1)[0] ?? 0) / 256;
    // Thousands hear of a longer interval at once, and would all pay in the same second of it from then on.
    const someSecondsMs = (): number => 1_000 * (1 + Math.floor((chance() * everyMs) / 1_000));
    let everyMs = payEveryMs();
    const firstMs = someSecondsMs() + PAY_OFFSET_MS + chance() * PAY_SPREAD_MS;
    this.#payTimer = this.#ticker.add(firstMs, () => {
      stream.pay();
      if (payEveryMs() === everyMs) return everyMs;
      everyMs = payEveryMs();
      return someSecondsMs();
    });
  }
}
