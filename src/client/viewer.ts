/**
 * A viewer: one key, one connection, one round at a time. The facade that the page, the command line, the demo and the
 * load generator share. Everything a person does is a method; what happens is an event; outcomes that are not success
 * are returned, not thrown. Across a lost connection promises stay pending and everything resumes by itself.
 */
import { refuse } from '../core/errors.ts';
import type { AccountId, RoundId } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import { FRAME } from '../protocol/messages.ts';
import type { PublicState } from '../round/public-state.ts';
import type { Network } from '../voucher/types.ts';
import { Connection, type ConnectionState } from './connection.ts';
import { Emitter } from './events.ts';
import { isRunning } from './extrapolate.ts';
import type { GiftResult } from './gift-queue.ts';
import { type Identity, loadIdentity } from './identity.ts';
import type { PaidTotals } from './paying-stream.ts';
import { type ClientPlatform, defaultPlatform } from './platform.ts';
import type { RoundReplica } from './round-replica.ts';
import { type Outcome, RoundSession, type RoundSessionEvents, type StreamOutcome } from './round-session.ts';
import { type ClientStorage, memoryStorage } from './storage.ts';

export interface ViewerOptions {
  /** Of the edge, `ws://` or `wss://`. */
  readonly url: string;
  /** Refuses to pay on any other network than this. */
  readonly network?: Network;
  /** Default: memory only. A key that is in it is used, else a new one is made and stored. */
  readonly storage?: ClientStorage;
  readonly identity?: Identity;
  readonly platform?: ClientPlatform;
  /** Shown to others, at most 32 characters. Default: the beginning of the account. */
  readonly name?: string;
  /** Names the program, at most 64 characters. */
  readonly agent?: string;
  /** What a stream can give besides watching; it is held while the stream is open. Default 30,000. */
  readonly giftBudgetSats?: number;
  /** Seconds of watching that one stream can pay. Default: what is left of the round, and three minutes. */
  readonly watchSecondsMax?: number;
  /** Lets many viewers of one process share their copies of rounds. */
  readonly replica?: (roundId: RoundId) => RoundReplica;
  /** Clock samples at the start of each connection. Default 5. */
  readonly clockSamples?: number;
}

export type ViewerEvents = RoundSessionEvents & { connection: ConnectionState };

export interface ViewerStats {
  readonly ticksSent: number;
  /** Durable, as the engine acknowledged. */
  readonly ticksAccepted: number;
  readonly giftsSent: number;
  readonly giftsAccepted: number;
  readonly giftsRefused: number;
  readonly stateFrames: number;
}

const GIFT_BUDGET_SATS = 30_000;
const CLOCK_SAMPLES = 5;

export class Viewer extends Emitter<ViewerEvents> {
  readonly identity: Identity;
  readonly #options: ViewerOptions;
  readonly #platform: ClientPlatform;
  readonly #storage: ClientStorage;
  readonly #connection: Connection;
  #session: RoundSession | null = null;
  #giftBudgetSats: number;
  #paused = false;
  #stateFrames = 0;
  readonly #gifts = { sent: 0, accepted: 0, refused: 0 };
  /** Of rounds that this viewer has turned away from. */
  readonly #earlierTicks = { sent: 0, acknowledged: 0 };

  constructor(options: ViewerOptions) {
    super();
    this.#options = options;
    this.#platform = options.platform ?? defaultPlatform;
    this.#storage = options.storage ?? memoryStorage();
    this.#giftBudgetSats = options.giftBudgetSats ?? GIFT_BUDGET_SATS;
    this.identity = options.identity ?? loadIdentity(this.#storage, this.#platform);
    this.#connection = new Connection({
      url: options.url,
      identity: this.identity,
      platform: this.#platform,
      agent: options.agent ?? 'ringside',
      clockSamples: options.clockSamples ?? CLOCK_SAMPLES,
    });
    this.#connection.on('state', (state) => this.emit('connection', state));
    this.#connection.on('ready', ({ network }) => {
      if (options.network !== undefined && options.network !== network) this.#wrongNetwork();
    });
    this.#connection.on('message', (message) => {
      if (message.type === FRAME.ERROR && message.code === 'TOO_EARLY') this.#connection.syncClock();
      const taken = this.#session?.receive(message) ?? false;
      if (!taken && message.type === FRAME.ERROR) {
        this.emit('error', { code: message.code, message: message.message });
      }
    });
  }

  get account(): AccountId {
    return this.identity.account;
  }

  get connection(): ConnectionState {
    return this.#connection.state;
  }

  /** Of the followed round; null before its first frame. Changed in place by the next frame. */
  get state(): PublicState | null {
    return this.#session?.state ?? null;
  }

  /** Whom this viewer watches and pays for; null: nobody. */
  get watching(): number | null {
    return this.#session?.stream?.target ?? null;
  }

  get vote(): number | null {
    return this.#session?.stream?.vote ?? null;
  }

  /** This viewer's claps by participant. */
  get claps(): readonly number[] {
    return this.#session?.stream?.claps.counts ?? [];
  }

  get pendingGifts(): number {
    return this.#session?.stream?.pendingGifts ?? 0;
  }

  /** In this round, also after its end; null when nothing was paid in it. */
  get paid(): PaidTotals | null {
    return this.#session?.totals ?? null;
  }

  get stats(): ViewerStats {
    const ticks = this.#session?.ticks ?? { sent: 0, acknowledged: 0 };
    return {
      ticksSent: this.#earlierTicks.sent + ticks.sent,
      ticksAccepted: this.#earlierTicks.acknowledged + ticks.acknowledged,
      giftsSent: this.#gifts.sent,
      giftsAccepted: this.#gifts.accepted,
      giftsRefused: this.#gifts.refused,
      stateFrames: this.#stateFrames,
    };
  }

  /** Server time, milliseconds since 1970. */
  serverNowMs(): number {
    return this.#connection.clock.nowMs();
  }

  /** What the next stream can give besides watching. */
  setGiftBudget(giftBudgetSats: number): void {
    this.#giftBudgetSats = giftBudgetSats;
  }

  /** Resolves when authenticated, or when there is no point in trying further. */
  connect(): Promise<Outcome> {
    const ready = new Promise<Outcome>((resolve) => {
      const settle = (state: ConnectionState): void => {
        if (state.kind !== 'ready' && state.kind !== 'closed') return;
        off();
        resolve(state.kind === 'ready' ? { ok: true } : refuse('UNAVAILABLE'));
      };
      const off = this.#connection.on('state', settle);
      if (this.#connection.state.kind === 'ready') settle(this.#connection.state);
    });
    this.#connection.connect();
    return ready;
  }

  /**
   * Shows this round from now on, in place of the one before, whose stream stays open but is not paid any more. A
   * stream that is remembered for the round is taken up again, with whom it watched. Resolves with the first frame.
   */
  follow(roundId: RoundId): Promise<Outcome> {
    if (this.#session?.roundId === roundId && this.state !== null) return Promise.resolve({ ok: true });
    this.#turnAway();
    const session = new RoundSession({
      connection: this.#connection,
      identity: this.identity,
      storage: this.#storage,
      platform: this.#platform,
      roundId,
      replica: this.#options.replica?.(roundId),
      name: this.#options.name ?? this.account.slice(0, 8),
      giftBudgetSats: () => this.#giftBudgetSats,
      watchSecondsMax: this.#options.watchSecondsMax ?? Number.POSITIVE_INFINITY,
      paused: this.#paused,
    });
    this.#session = session;
    return new Promise((resolve) => {
      session.on('state', (change) => {
        this.#stateFrames++;
        resolve({ ok: true });
        this.emit('state', change);
      });
      session.on('error', (error) => {
        if (session.state === null) resolve(refuse(error.code));
        this.emit('error', error);
      });
      session.on('gift', (gift) => {
        this.#gifts[gift.status]++;
        this.emit('gift', gift);
      });
      session.on('paid', (totals) => this.emit('paid', totals));
      session.on('stream', (change) => this.emit('stream', change));
      session.on('ended', (ended) => this.emit('ended', ended));
    });
  }

  /** Watches a participant and pays for it by the second; opens a stream when there is none. */
  async watch(target: number): Promise<Outcome> {
    const outcome = await this.#streamFor(target);
    if (!outcome.ok) return outcome;
    outcome.stream.watch(target);
    return { ok: true };
  }

  /** Stops paying; the stream stays open for gifts, votes and claps. */
  stop(): void {
    this.#session?.stream?.watch(null);
  }

  /** While paused (a hidden page) nothing is paid for watching; whom it was is remembered. */
  pause(paused: boolean): void {
    this.#paused = paused;
    this.#session?.pause(paused);
  }

  /** Counts claps and sends them in combos. Returns how many were counted: fewer when faster than the limit. */
  async clap(target: number, claps = 1): Promise<number> {
    if (this.state === null || !isRunning(this.state.phase)) return 0;
    const outcome = await this.#streamFor(target);
    return outcome.ok ? (this.#session?.clap(outcome.stream, target, claps) ?? 0) : 0;
  }

  async voteFor(target: number): Promise<Outcome> {
    const outcome = await this.#streamFor(target);
    return outcome.ok ? outcome.stream.castVote(target) : outcome;
  }

  /** Resolves ok when the gift is durable; across lost connections it stays pending. */
  async gift(target: number, amountSats: number): Promise<GiftResult> {
    const outcome = await this.#streamFor(target);
    return outcome.ok ? outcome.stream.gift(target, amountSats) : outcome;
  }

  /** Closes the stream: what is left of its hold is free again. Resolves when that is durable. */
  leave(): Promise<Outcome> {
    return this.#session?.leave() ?? Promise.resolve(refuse('UNKNOWN_STREAM'));
  }

  /** Goes away. The stream stays open on the engine; whoever has the storage can take it up again. */
  close(): void {
    this.#turnAway();
    this.#connection.close();
  }

  /** As if the network had failed: shows that everything resumes. */
  dropConnection(): void {
    this.#connection.interrupt();
  }

  async #streamFor(target: number): Promise<StreamOutcome> {
    const count = this.state?.participants.length ?? LIMITS.participantsMax;
    if (!Number.isInteger(target) || target < 0 || target >= count) return refuse('UNKNOWN_TARGET');
    return (await this.#session?.ensureStream()) ?? refuse('ROUND_NOT_FOUND');
  }

  #turnAway(): void {
    const session = this.#session;
    this.#session = null;
    if (session === null) return;
    session.close();
    this.#earlierTicks.sent += session.ticks.sent;
    this.#earlierTicks.acknowledged += session.ticks.acknowledged;
  }

  #wrongNetwork(): void {
    this.#connection.close();
    this.emit('error', { code: 'FORBIDDEN', message: 'The engine is on another network than expected.' });
  }
}
