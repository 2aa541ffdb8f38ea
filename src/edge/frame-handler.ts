/**
 * What a connection sends, decoded and acted on. The order of checks is that of the cost: rate, size, type,
 * authentication, then the message itself. A frame that is wrong in itself counts as a protocol error.
 */
import { unreachable } from '../core/assert.ts';
import { accountOfPublicKey } from '../core/account-key.ts';
import type { Code } from '../core/errors.ts';
import { decodeClient } from '../protocol/client-codec.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import { FRAME_BYTES_MAX } from '../protocol/frame-sizes.ts';
import {
  type AuthMessage,
  type ClapMessage,
  type ClientMessage,
  type CloseMessage,
  FRAME,
  type VoteMessage,
  type WatchMessage,
} from '../protocol/messages.ts';
import { encodeServer } from '../protocol/server-codec.ts';
import { authBytes } from '../voucher/commitment.ts';
import type { EdgeContext } from './edge-context.ts';
import type { EdgeStream, HeldMessage } from './edge-stream.ts';
import type { Requests } from './requests.ts';
import type { RoundFeed } from './round-feed.ts';
import type { ErrorSubject, Session } from './session.ts';
import { EDGE_TUNING } from './settings.ts';
import { WordDesk } from './word-desk.ts';
import { WordQueue } from './word-queue.ts';

export class FrameHandler {
  readonly #context: EdgeContext;
  readonly #requests: Requests;
  readonly #words: WordDesk;
  readonly #queue: WordQueue;
  readonly #tokensPerMs: number;
  readonly #tokensMax: number;

  constructor(context: EdgeContext, requests: Requests, defer: (run: () => void) => void) {
    this.#context = context;
    this.#requests = requests;
    const words = new WordDesk(context);
    this.#words = words;
    this.#queue = new WordQueue({ verify: (session, frames, at) => words.pay(session, frames, at), defer });
    this.#tokensPerMs = context.settings.messagesPerSecond / 1000;
    this.#tokensMax = context.settings.messagesPerSecond * 2;
  }

  /** Counts a frame of any kind, pings and pongs too. False: it was one too many, and the connection is closed. */
  admit(session: Session, nowMs: number): boolean {
    if (this.#takeToken(session, nowMs)) return true;
    session.error('RATE_LIMITED');
    session.close(CLOSE.OVERLOADED);
    return false;
  }

  /** `frame` is only valid during the call. */
  handle(session: Session, frame: Uint8Array, isBinary: boolean): void {
    const nowMs = this.#context.clock.nowMs();
    if (!this.admit(session, nowMs)) return;
    if (!isBinary) return this.#protocolError(session, 'TEXT_FRAME');
    if (frame.length > this.#context.settings.maxFrameBytes) {
      session.error('BAD_FRAME');
      return session.close(CLOSE.PROTOCOL_ERROR);
    }
    if (frame[0] === FRAME.PAY && frame.length === FRAME_BYTES_MAX.PAY && session.isAuthenticated) {
      return this.#queue.put(session, frame);
    }
    this.settle();
    const decoded = decodeClient(frame);
    if (!decoded.ok) return this.#protocolError(session, decoded.code);
    const { message } = decoded;
    if (message.type === FRAME.TIME) return this.#time(session, message.token);
    if (message.type === FRAME.AUTH) return this.#authenticate(session, message);
    if (!session.isAuthenticated) {
      const about = { ref: refOf(message), frame: message.type };
      return this.#protocolError(session, 'NOT_AUTHENTICATED', about);
    }
    this.#act(session, message, nowMs);
  }

  /** Acts on the words that came so far. */
  settle(): void {
    this.#queue.settle();
  }

  /** Messages that were kept while the stream was not attached. */
  replay(session: Session, stream: EdgeStream): void {
    const { held } = stream;
    stream.held = null;
    for (const message of held ?? []) this.#control(session, message);
  }

  #act(
    session: Session,
    message: Exclude<ClientMessage, { type: typeof FRAME.AUTH | typeof FRAME.TIME }>,
    nowMs: number,
  ): void {
    switch (message.type) {
      case FRAME.PAY:
        return; // `handle` took it
      case FRAME.GIFT:
        return this.#words.gift(session, message, nowMs);
      case FRAME.JOIN:
      case FRAME.OPEN:
      case FRAME.ATTACH:
        return this.#requests.handle(session, message, nowMs);
      case FRAME.LEAVE:
        return this.#requests.leave(session, message);
      case FRAME.WATCH:
      case FRAME.CLAP:
      case FRAME.VOTE:
      case FRAME.CLOSE:
        return this.#control(session, message);
      default:
        return unreachable(message);
    }
  }

  #takeToken(session: Session, nowMs: number): boolean {
    const earned = Math.max(0, nowMs - session.tokensAtMs) * this.#tokensPerMs; // the wall clock may step
    session.tokens = Math.min(this.#tokensMax, session.tokens + earned);
    session.tokensAtMs = nowMs;
    if (session.tokens < 1) return false;
    session.tokens--;
    return true;
  }

  #protocolError(session: Session, code: Code, about?: ErrorSubject): void {
    session.error(code, about);
    session.protocolErrors++;
    if (session.protocolErrors >= EDGE_TUNING.protocolErrorsMax) session.close(CLOSE.PROTOCOL_ERROR);
  }

  #time(session: Session, token: number): void {
    // A late answer would be a wrong one: it is not queued.
    session.trySend(encodeServer({ type: FRAME.CLOCK, token, serverTimeMs: this.#context.clock.nowMs() }));
  }

  #authenticate(session: Session, message: AuthMessage): void {
    if (session.isAuthenticated) return this.#protocolError(session, 'BAD_FRAME');
    const { hashes, settings, signatures } = this.#context;
    const publicKey = Uint8Array.from(message.publicKey);
    const hash = hashes.sha256(authBytes(settings.network, session.nonce));
    if (!signatures.verify(hash, message.signature, publicKey)) {
      session.error('BAD_SIGNATURE', { frame: FRAME.AUTH });
      return session.close(CLOSE.AUTH_FAILED);
    }
    const account = accountOfPublicKey(publicKey, hashes);
    session.authenticate(publicKey);
    session.reply(encodeServer({ type: FRAME.READY, account }));
  }

  #control(session: Session, message: HeldMessage): void {
    const stream = session.stream(message.stream);
    const to = { ref: refOf(message), stream: message.stream, frame: message.type };
    const feed = stream && this.#context.directory.byHandle(stream.handle);
    if (stream === undefined || feed === undefined) return session.error('UNKNOWN_STREAM', to);
    if (!stream.attached) {
      stream.held ??= [];
      if (stream.held.length >= EDGE_TUNING.heldMax) return session.error('UNAVAILABLE', to);
      stream.held.push(message);
      return;
    }
    if (message.type === FRAME.CLOSE) return this.#close(session, message, stream, feed);
    const { target } = message;
    if (target !== null && target >= (feed.state?.participants.length ?? 0)) {
      return session.error('UNKNOWN_TARGET', to);
    }
    if (!this.#pushEngagement(session, message, stream, feed)) session.error('UNAVAILABLE', to);
  }

  #pushEngagement(
    session: Session,
    message: WatchMessage | ClapMessage | VoteMessage,
    stream: EdgeStream,
    feed: RoundFeed,
  ): boolean {
    const { directory, edge, acks } = this.#context;
    const { conn } = session;
    const { slot } = stream;
    switch (message.type) {
      case FRAME.WATCH:
        stream.paused = message.target === null;
        if (stream.paused) acks.send(stream);
        return directory.push(feed, { kind: 'watch', slot, target: message.target });
      case FRAME.CLAP: {
        const { target, count } = message;
        return directory.push(feed, { kind: 'clap', edge, conn, slot, target, count });
      }
      case FRAME.VOTE:
        return directory.push(feed, { kind: 'vote', edge, conn, slot, target: message.target });
      default:
        return unreachable(message);
    }
  }

  #close(session: Session, message: CloseMessage, stream: EdgeStream, feed: RoundFeed): void {
    const { ref } = message;
    if (stream.closeRef === 0) return this.askClose(session, ref, stream, feed);
    session.error('UNKNOWN_STREAM', { ref, stream: stream.number, frame: message.type });
  }

  /** Also for a CLOSE that the former life of the shard did not get to. */
  askClose(session: Session, ref: number, stream: EdgeStream, feed: RoundFeed): void {
    const from = { edge: this.#context.edge, conn: session.conn, ref };
    if (this.#context.directory.push(feed, { kind: 'closeStream', from, slot: stream.slot })) {
      stream.closeRef = ref;
      return;
    }
    stream.closeRef = 0;
    session.error('UNAVAILABLE', { ref, stream: stream.number, frame: FRAME.CLOSE });
  }
}

function refOf(message: ClientMessage): number {
  return 'ref' in message ? message.ref : 0;
}
