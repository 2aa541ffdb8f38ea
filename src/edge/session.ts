/**
 * One connection: who it is, what it follows and pays, and what it is still to be told. Owned by the edge thread.
 *
 * Backpressure: a frame that the socket does not take marks the session as behind. From then on answers wait in
 * a bounded list, acknowledgements in their streams (they are cumulative) and state nowhere: when the socket has
 * drained, `SlowReaders` has the session take answers, acknowledgements and a keyframe per round, in that order.
 */
import { fromHex, toHex } from '../core/bytes.ts';
import type { Code } from '../core/errors.ts';
import { codeInfo } from '../core/errors.ts';
import type { EdgeInput } from '../actors/link.ts';
import { CLOSE, type CloseCode } from '../protocol/close-codes.ts';
import { FRAME } from '../protocol/messages.ts';
import { encodeServer } from '../protocol/server-codec.ts';
import type { EdgeStream } from './edge-stream.ts';
import type { Audience } from './fan-out.ts';
import { EDGE_TUNING } from './settings.ts';
import type { Socket } from './socket.ts';

/** An OPEN or ATTACH that the shard has not answered. */
export interface PendingRequest {
  readonly ref: number;
  readonly handle: number;
  readonly input: Extract<EdgeInput, { kind: 'open' | 'attach' }>;
}

export interface ErrorSubject {
  /** 0: the frame has none. */
  readonly ref?: number;
  readonly stream?: number | null;
  /** Type of the frame. */
  readonly frame?: number;
}

const NONE: readonly never[] = [];

/**
 * Lists that mostly have no or one entry are replaced, not changed: an array that grows by `push` takes room for 17
 * entries, which for tens of thousands of connections is more than all the rest of them.
 */
export function withEntry<T>(list: readonly T[], entry: T): readonly T[] {
  return list.concat([entry]);
}

export function withoutEntry<T>(list: readonly T[], entry: T): readonly T[] {
  return list.length === 1 && list[0] === entry ? NONE : list.filter((each) => each !== entry);
}

export class Session {
  /** Number on this edge, u32; replies of shards carry it. */
  readonly conn: number;
  readonly socket: Socket;
  readonly openedMs: number;
  closed = false;
  streams: readonly EdgeStream[] = NONE;
  /** Its place among the followers of each round that it follows. */
  rounds: readonly Audience[] = NONE;
  pending: readonly PendingRequest[] = NONE;
  /** Requests that wait for a round's state. */
  waiting = 0;
  protocolErrors = 0;
  badWords = 0;
  /** Token bucket for messages. */
  tokens: number;
  tokensAtMs: number;
  /** Since when the socket takes nothing; null: it does. */
  behindSinceMs: number | null = null;
  /** Its subscriptions were taken off while it is behind. */
  muted = false;
  #replies: Uint8Array[] | null = null;
  #lastNumber = 0;
  readonly #onBehind: (session: Session) => void;
  readonly #nonceOf: (conn: number) => Uint8Array;
  /** As hex: an array of 33 bytes takes more than 230, its text 82, and it is needed only now and then. */
  #publicKeyHex: string | null = null;

  constructor(input: {
    readonly conn: number;
    readonly socket: Socket;
    readonly nowMs: number;
    readonly tokens: number;
    /** Shared by all sessions of the edge, as is the next. */
    readonly onBehind: (session: Session) => void;
    readonly nonceOf: (conn: number) => Uint8Array;
  }) {
    this.conn = input.conn;
    this.socket = input.socket;
    this.openedMs = input.nowMs;
    this.tokens = input.tokens;
    this.tokensAtMs = input.nowMs;
    this.#onBehind = input.onBehind;
    this.#nonceOf = input.nonceOf;
  }

  /** The nonce of WELCOME, 32 bytes. Not kept: it follows from the connection's number. */
  get nonce(): Uint8Array {
    return this.#nonceOf(this.conn);
  }

  get isAuthenticated(): boolean {
    return this.#publicKeyHex !== null;
  }

  /** Null until AUTH was verified; in an array of its own. */
  get publicKey(): Uint8Array | null {
    return this.#publicKeyHex === null ? null : fromHex(this.#publicKeyHex);
  }

  /** AUTH was verified. */
  authenticate(publicKey: Uint8Array): void {
    this.#publicKeyHex = toHex(publicKey);
  }

  /** False: not taken, and the session is behind. For what may be lost or is repeated in another form. */
  trySend(frame: Uint8Array): boolean {
    if (this.closed || this.behindSinceMs !== null) return false;
    if (this.socket.send(frame)) return true;
    this.#onBehind(this);
    return false;
  }

  /** An answer: never lost while the connection lives, never out of order. */
  reply(frame: Uint8Array): void {
    if (this.closed || this.trySend(frame)) return;
    this.#replies ??= [];
    this.#replies.push(frame);
    if (this.#replies.length > EDGE_TUNING.repliesMax) this.close(CLOSE.SLOW_READER);
  }

  /** `about`: what was refused; without it a frame that is none of this protocol, or the connection as a whole. */
  error(code: Code, about: ErrorSubject = {}): void {
    const { message, retryable } = codeInfo(code);
    const { ref = 0, stream = null, frame = 0 } = about;
    this.reply(encodeServer({ type: FRAME.ERROR, ref, stream, code, message, retryable, frame }));
  }

  /** Sends the queued answers; false when the socket stopped taking them again. */
  flushReplies(): boolean {
    const replies = this.#replies;
    if (replies === null) return true;
    for (let i = 0; i < replies.length; i++) {
      if (this.trySend(replies[i] as Uint8Array)) continue;
      this.#replies = replies.slice(i);
      return false;
    }
    this.#replies = null;
    return true;
  }

  /** A number that was not used lately: words under way for a stream that ended cannot meet another one. */
  nextStreamNumber(): number {
    do this.#lastNumber = (this.#lastNumber % 0xffff) + 1;
    while (this.stream(this.#lastNumber) !== undefined);
    return this.#lastNumber;
  }

  stream(number: number): EdgeStream | undefined {
    for (const stream of this.streams) if (stream.number === number) return stream;
    return undefined;
  }

  streamAt(handle: number, slot: number): EdgeStream | undefined {
    for (const stream of this.streams) if (stream.slot === slot && stream.handle === handle) return stream;
    return undefined;
  }

  close(code: CloseCode): void {
    if (!this.closed) this.socket.end(code);
  }
}
