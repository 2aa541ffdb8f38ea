/**
 * One connection to an edge, kept alive: WELCOME, AUTH, READY; reconnecting as the close code advises; requests
 * matched with their answers; the server's clock. It knows frames and nothing about rounds or money.
 *
 * Answers are handed on by callback, in the order of arrival and before the next frame is looked at: a promise would
 * run too late, because several frames may arrive in one turn of the loop.
 */
import { assert, unreachable } from '../core/assert.ts';
import { encodeClient } from '../protocol/client-codec.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import {
  type ClientMessage,
  type EndedMessage,
  type ErrorMessage,
  FRAME,
  type JoinedMessage,
  type PaidMessage,
  SUBPROTOCOL,
  type StreamMessage,
  type WelcomeMessage,
} from '../protocol/messages.ts';
import { type ServerDecoded, decodeServer } from '../protocol/server-codec.ts';
import { authBytes } from '../voucher/commitment.ts';
import type { Timer } from '../ports/clock.ts';
import { reconnectDelayMs } from './back-off.ts';
import { Emitter } from './events.ts';
import type { Identity } from './identity.ts';
import type { ClientPlatform } from './platform.ts';
import { ServerClock } from './server-clock.ts';
import type { Socket } from './socket.ts';
import { type Ticker, sharedTicker } from './ticker.ts';

export type ConnectionState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting'; readonly attempt: number }
  | { readonly kind: 'ready' }
  /** The next attempt starts at `retryAtMs` of the local clock. */
  | { readonly kind: 'waiting'; readonly attempt: number; readonly retryAtMs: number }
  /** For good: by `close()` (code 1000), or because the server said that trying again is pointless. */
  | { readonly kind: 'closed'; readonly closeCode: number };

export type Reply = JoinedMessage | StreamMessage | EndedMessage | ErrorMessage;

export type ConnectionEvents = {
  state: ConnectionState;
  /** Authenticated, also again: time to join and attach. */
  ready: WelcomeMessage;
  /** The connection was ready and is not any more; its stream numbers and handles are gone. */
  lost: number;
  /** KEYFRAME or DELTA, not decoded. */
  stateFrame: Uint8Array;
  /** What was not asked for, or was answered without a ref. */
  message: StreamMessage | EndedMessage | ErrorMessage | PaidMessage;
};

export interface ConnectionOptions {
  readonly url: string;
  readonly identity: Identity;
  readonly platform: ClientPlatform;
  /** Names the program, at most 64 characters. */
  readonly agent: string;
  /** Clock samples after each READY; the best of the last eight counts. */
  readonly clockSamples: number;
}

const HANDSHAKE_MS = 10_000;
/** A TIME without an answer for this long means a dead path. */
const SILENCE_MS = 10_000;
const KEEP_ALIVE_MS = 15_000;
const NORMAL_CLOSE = 1000;
const ABNORMAL_CLOSE = 1006;

export class Connection extends Emitter<ConnectionEvents> {
  readonly clock: ServerClock;
  readonly #options: ConnectionOptions;
  readonly #ticker: Ticker;
  #state: ConnectionState = { kind: 'idle' };
  #socket: Socket | null = null;
  #welcome: WelcomeMessage | null = null;
  #attempt = 0;
  #timer: Timer | null = null;
  #keepAlive: Timer | null = null;
  #samplesLeft = 0;
  #time: { readonly token: number; readonly sentMs: number } | null = null;
  #lastToken = 0;
  #lastRef = 0;
  readonly #replies = new Map<number, (reply: Reply | null) => void>();

  constructor(options: ConnectionOptions) {
    super();
    this.#options = options;
    this.clock = new ServerClock(options.platform.clock);
    this.#ticker = sharedTicker(options.platform.clock);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** WELCOME of the current connection; null unless it is ready. */
  get welcome(): WelcomeMessage | null {
    return this.#state.kind === 'ready' ? this.#welcome : null;
  }

  /** Starts connecting; does nothing when that is under way or done. */
  connect(): void {
    const { kind } = this.#state;
    if (kind === 'connecting' || kind === 'ready') return;
    this.#timer?.cancel();
    if (kind === 'closed' || kind === 'idle') this.#attempt = 0;
    this.#open();
  }

  /** Closes for good; `connect` starts anew. */
  close(): void {
    if (this.#state.kind !== 'closed') this.#drop(NORMAL_CLOSE, NORMAL_CLOSE);
  }

  /** Gives the connection up as if the network had failed, and reconnects. */
  interrupt(): void {
    if (this.#socket !== null) this.#drop(ABNORMAL_CLOSE, NORMAL_CLOSE);
  }

  /** False when the connection is not ready: nothing is queued, whoever owns the message repeats it when it is. */
  send(message: ClientMessage): boolean {
    if (this.#state.kind !== 'ready') return false;
    this.#write(message);
    return true;
  }

  /** `reply` is called once: with the answer, or with null when the connection was lost (or is not ready). */
  request(build: (ref: number) => ClientMessage, reply: (answer: Reply | null) => void): void {
    if (this.#state.kind !== 'ready') {
      reply(null);
      return;
    }
    this.#lastRef = (this.#lastRef % 0xffff_fffe) + 1;
    const ref = this.#lastRef;
    this.#replies.set(ref, reply);
    this.#write(build(ref));
  }

  /** Asks for the server's time a few times more: after something suggests that the offset is wrong. */
  syncClock(): void {
    if (this.#state.kind !== 'ready' || this.#samplesLeft > 0) return;
    this.#samplesLeft = this.#options.clockSamples;
    if (this.#time === null) this.#askTime();
  }

  #write(message: ClientMessage): void {
    this.#socket?.send(encodeClient(message));
  }

  #open(): void {
    const { platform, url } = this.#options;
    this.#welcome = null;
    this.#setState({ kind: 'connecting', attempt: this.#attempt });
    const socket = platform.openSocket(url, SUBPROTOCOL, {
      message: (frame) => {
        if (this.#socket === socket) this.#receive(frame);
      },
      close: (code) => {
        if (this.#socket === socket) this.#ended(code);
      },
    });
    this.#socket = socket;
    this.#timer = platform.clock.after(HANDSHAKE_MS, () => this.#drop(ABNORMAL_CLOSE, NORMAL_CLOSE));
  }

  /** Ends the connection from this side; `asCode` decides what happens next. */
  #drop(asCode: number, wireCode: number): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(wireCode);
    this.#ended(asCode);
  }

  #ended(closeCode: number): void {
    const wasReady = this.#state.kind === 'ready';
    this.#socket = null;
    this.#timer?.cancel();
    this.#timer = null;
    this.#keepAlive?.cancel();
    this.#keepAlive = null;
    this.#time = null;
    this.#samplesLeft = 0;
    this.clock.forget();
    const delayMs =
      closeCode === NORMAL_CLOSE ? null : reconnectDelayMs(closeCode, this.#attempt, this.#chance());
    if (delayMs === null) {
      this.#setState({ kind: 'closed', closeCode });
    } else {
      this.#attempt++;
      const { clock } = this.#options.platform;
      this.#timer = clock.after(delayMs, () => this.#open());
      this.#setState({ kind: 'waiting', attempt: this.#attempt, retryAtMs: clock.nowMs() + delayMs });
    }
    const waiting = [...this.#replies.values()];
    this.#replies.clear();
    if (wasReady) this.emit('lost', closeCode);
    for (const reply of waiting) reply(null);
  }

  #chance(): number {
    const bytes = this.#options.platform.random.bytes(2);
    return ((bytes[0] ?? 0) * 256 + (bytes[1] ?? 0)) / 65_536;
  }

  #setState(state: ConnectionState): void {
    this.#state = state;
    this.emit('state', state);
  }

  #receive(frame: Uint8Array): void {
    const type = frame[0];
    if (type === FRAME.KEYFRAME || type === FRAME.DELTA) {
      this.emit('stateFrame', frame);
      return;
    }
    this.#take(decodeServer(frame));
  }

  #take(decoded: ServerDecoded): void {
    if (!decoded.ok) {
      // Types that a later version may add are skipped; a broken frame of a known type is not Ringside's.
      if (decoded.code === 'BAD_FRAME') this.#drop(CLOSE.PROTOCOL_ERROR, CLOSE.PROTOCOL_ERROR);
      return;
    }
    const { message } = decoded;
    switch (message.type) {
      case FRAME.WELCOME:
        return this.#authenticate(message);
      case FRAME.READY:
        return this.#ready();
      case FRAME.CLOCK:
        return this.#timeAnswered(message.token, message.serverTimeMs);
      case FRAME.JOINED:
      case FRAME.STREAM:
      case FRAME.ENDED:
      case FRAME.ERROR: {
        const reply = this.#replies.get(message.ref);
        this.#replies.delete(message.ref);
        if (reply !== undefined) reply(message);
        else if (message.type !== FRAME.JOINED) this.emit('message', message);
        return;
      }
      case FRAME.PAID:
        this.emit('message', message);
        return;
      case FRAME.KEYFRAME:
      case FRAME.DELTA:
        return; // taken above, undecoded
      default:
        unreachable(message);
    }
  }

  #authenticate(welcome: WelcomeMessage): void {
    const { identity, platform, agent } = this.#options;
    this.#welcome = welcome;
    this.clock.hint(welcome.serverTimeMs);
    const hash = platform.sha256(authBytes(welcome.network, welcome.nonce));
    this.#write({
      type: FRAME.AUTH,
      publicKey: identity.publicKey,
      signature: platform.signatures.sign(hash, identity.privateKey),
      agent,
    });
  }

  #ready(): void {
    const welcome = this.#welcome;
    if (welcome === null || this.#state.kind !== 'connecting') return;
    this.#timer?.cancel();
    this.#timer = null;
    this.#attempt = 0;
    const everyMs = Math.min(KEEP_ALIVE_MS, welcome.idleTimeoutMs / 3);
    this.#keepAlive = this.#ticker.add(everyMs, () => {
      this.#beat();
      return this.#state.kind === 'ready' ? everyMs : null;
    });
    this.#setState({ kind: 'ready' });
    this.syncClock();
    this.emit('ready', welcome);
  }

  #beat(): void {
    const { clock } = this.#options.platform;
    if (this.#time === null) this.#askTime();
    else if (clock.monotonicMs() - this.#time.sentMs > SILENCE_MS) this.#drop(ABNORMAL_CLOSE, NORMAL_CLOSE);
  }

  #askTime(): void {
    this.#lastToken = (this.#lastToken + 1) >>> 0;
    this.#time = { token: this.#lastToken, sentMs: this.#options.platform.clock.monotonicMs() };
    this.#write({ type: FRAME.TIME, token: this.#lastToken });
  }

  #timeAnswered(token: number, serverTimeMs: number): void {
    if (this.#time?.token !== token) return;
    const { sentMs } = this.#time;
    this.#time = null;
    const receivedMs = this.#options.platform.clock.monotonicMs();
    assert(receivedMs >= sentMs, 'the monotonic clock does not go back');
    this.clock.sample({ sentMs, receivedMs, serverTimeMs });
    this.#samplesLeft = Math.max(0, this.#samplesLeft - 1);
    if (this.#samplesLeft > 0) this.#askTime();
  }
}
