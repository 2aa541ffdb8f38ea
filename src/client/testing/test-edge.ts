/**
 * An edge and a round in memory for tests of the client: the real codecs, the real verification of words and
 * commitments, and switches for what goes wrong in real life. Frames take `latencyMs` of the test's clock each way.
 */
import { assert } from '../../core/assert.ts';
import { toHex } from '../../core/bytes.ts';
import type { Code } from '../../core/errors.ts';
import type { AccountId, ParticipantId, RoundId, StreamId } from '../../core/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import { decodeClient } from '../../protocol/client-codec.ts';
import { type ClientMessage, FRAME, type ServerMessage } from '../../protocol/messages.ts';
import { encodeServer } from '../../protocol/server-codec.ts';
import { applyDelta, clonePublicState } from '../../round/public-delta.ts';
import type { PublicDelta, PublicState } from '../../round/public-state.ts';
import { decodeCommitment } from '../../voucher/commitment.ts';
import { StreamVerifier, type VerifierGrant } from '../../voucher/stream-verifier.ts';
import type { WordReveal } from '../../voucher/types.ts';
import { defaultPlatform } from '../platform.ts';
import type { OpenSocket, SocketHandlers } from '../socket.ts';

export const TEST_HANDLE = 7;
const { sha256, signatures } = defaultPlatform;
const NONCE = new Uint8Array(32).fill(9);

interface ServerStream {
  readonly streamId: StreamId;
  readonly grant: VerifierGrant;
  readonly verifier: StreamVerifier;
  /** What a crash leaves. */
  durable: VerifierGrant;
  /** Highest accepted word by chain. */
  readonly tips: { index: number; word: Uint8Array }[];
  watchSats: number;
  conn: TestConnection | null;
  number: number;
  watching: number | null;
  vote: number | null;
  readonly claps: number[];
}

interface TestConnection {
  readonly handlers: SocketHandlers;
  open: boolean;
  joined: boolean;
}

export class TestEdge {
  readonly state: PublicState;
  readonly received: ClientMessage[] = [];
  /** Accepted, in order. */
  readonly payments: {
    readonly purpose: 'watch' | 'gift';
    readonly target: number;
    readonly sats: number;
  }[] = [];
  readonly streams: Map<StreamId, ServerStream> = new Map();
  epoch = 1;
  seq = 1;
  latencyMs = 5;
  /** Server clock minus the client's. */
  skewMs = 0;
  refuseGifts: Code | null = null;
  refuseClaps: Code | null = null;
  holdAcks = false;
  opens = 0;
  readonly #clock: Clock;
  readonly #frames: { readonly seq: number; readonly epoch: number; readonly frame: Uint8Array }[] = [];
  #connections: TestConnection[] = [];
  #streamNumber = 0;

  constructor(clock: Clock, state: PublicState) {
    this.#clock = clock;
    this.state = state;
  }

  get connections(): number {
    return this.#connections.length;
  }

  /** What words that are accepted, and not lost in a crash, are worth. */
  get paidSats(): number {
    return [...this.streams.values()].reduce((sum, stream) => sum + stream.verifier.paidSats, 0);
  }

  nowMs(): number {
    return this.#clock.nowMs() + this.skewMs;
  }

  readonly openSocket: OpenSocket = (_url, _subprotocol, handlers) => {
    const conn: TestConnection = { handlers, open: true, joined: false };
    this.#connections.push(conn);
    this.#send(conn, {
      type: FRAME.WELCOME,
      v: 1,
      network: 'dev',
      nonce: NONCE,
      serverTimeMs: this.nowMs(),
      authTimeoutMs: 5_000,
      idleTimeoutMs: 60_000,
      maxFrameBytes: 1_024,
    });
    return {
      send: (frame) => this.#later(() => conn.open && this.#receive(conn, frame)),
      close: () => this.#later(() => this.#close(conn, 1000)),
    };
  };

  /** Publishes to everybody who joined. */
  publish(delta: Omit<PublicDelta, 'atMs'>): void {
    const full: PublicDelta = { atMs: this.nowMs(), ...delta };
    applyDelta(this.state, full);
    this.seq++;
    const frame = encodeServer({ type: FRAME.DELTA, ...this.#head(), delta: full });
    this.#frames.push({ seq: this.seq, epoch: this.epoch, frame });
    for (const conn of this.#connections) if (conn.joined) this.#sendFrame(conn, frame);
  }

  /** A delta that nobody gets: the next one shows a gap. */
  publishLost(delta: Omit<PublicDelta, 'atMs'>): void {
    const conns = this.#connections;
    this.#connections = [];
    this.publish(delta);
    this.#connections = conns;
  }

  /** Closes every connection from the server's side. */
  drop(code = 1006): void {
    for (const conn of this.#connections) this.#close(conn, code);
  }

  /** Everything that was accepted is saved, and acknowledged. */
  acknowledge(): void {
    for (const stream of this.streams.values()) {
      stream.durable = this.#grantOf(stream);
      if (stream.conn === null) continue;
      const indexes = stream.verifier.indexes();
      this.#send(stream.conn, { type: FRAME.PAID, stream: stream.number, indexes });
    }
  }

  /** The round's owner dies and is restored from what was saved; connections stay. */
  restore(): void {
    this.epoch++;
    this.seq = 1;
    for (const stream of this.streams.values()) {
      stream.verifier.reset(stream.durable);
      stream.watchSats = stream.durable.watchSats;
      for (const [chain, tip] of stream.durable.tips.entries()) stream.tips[chain] = { ...tip };
    }
    for (const conn of this.#connections) if (conn.joined) this.#sendKeyframe(conn);
    for (const stream of this.streams.values()) {
      if (stream.conn !== null) this.#send(stream.conn, this.#streamMessage(stream, 0));
    }
  }

  end(reason: 'roundOver' | 'cancelled' | 'replaced' | 'taken'): void {
    for (const stream of this.streams.values()) this.#end(stream, 0, reason);
  }

  #head(): { readonly handle: number; readonly epoch: number; readonly seq: number } {
    return { handle: TEST_HANDLE, epoch: this.epoch, seq: this.seq };
  }

  #later(run: () => void): void {
    this.#clock.after(this.latencyMs, run);
  }

  #send(conn: TestConnection, message: ServerMessage): void {
    this.#sendFrame(conn, encodeServer(message));
  }

  #sendFrame(conn: TestConnection, frame: Uint8Array): void {
    this.#later(() => {
      if (conn.open) conn.handlers.message(frame);
    });
  }

  #sendKeyframe(conn: TestConnection): void {
    this.#send(conn, { type: FRAME.KEYFRAME, ...this.#head(), state: clonePublicState(this.state) });
  }

  #close(conn: TestConnection, code: number): void {
    if (!conn.open) return;
    conn.open = false;
    this.#connections = this.#connections.filter((other) => other !== conn);
    for (const stream of this.streams.values()) if (stream.conn === conn) stream.conn = null;
    conn.handlers.close(code);
  }

  #receive(conn: TestConnection, frame: Uint8Array): void {
    const decoded = decodeClient(frame);
    assert(decoded.ok, 'the client sends valid frames');
    const { message } = decoded;
    this.received.push(message);
    switch (message.type) {
      case FRAME.AUTH:
        return this.#send(conn, { type: FRAME.READY, account: 'ab'.repeat(20) as AccountId });
      case FRAME.TIME:
        return this.#send(conn, {
          type: FRAME.CLOCK,
          token: message.token,
          serverTimeMs: this.nowMs(),
        });
      case FRAME.JOIN:
        return this.#join(conn, message);
      case FRAME.LEAVE:
        conn.joined = false;
        return;
      case FRAME.OPEN:
        return this.#open(conn, message);
      case FRAME.ATTACH: {
        const stream = this.streams.get(message.streamId);
        if (stream === undefined) return this.#error(conn, 'UNKNOWN_STREAM', message);
        if (this.state.phase === 'cancelled') return this.#error(conn, 'ROUND_OVER', message);
        if (stream.conn !== null && stream.conn !== conn) this.#detachTaken(stream);
        return this.#grant(conn, stream, message.ref);
      }
      default:
        return this.#streamMessageFrom(conn, message);
    }
  }

  #join(conn: TestConnection, message: Extract<ClientMessage, { type: typeof FRAME.JOIN }>): void {
    if (message.round !== this.state.roundId) return this.#error(conn, 'ROUND_NOT_FOUND', message);
    const { resume } = message;
    conn.joined = true;
    const missed =
      resume === null || resume.epoch !== this.epoch
        ? []
        : this.#frames.filter(({ epoch, seq }) => epoch === this.epoch && seq > resume.seq);
    const resumed = resume !== null && resume.epoch === this.epoch && missed.length === this.seq - resume.seq;
    this.#send(conn, {
      type: FRAME.JOINED,
      ref: message.ref,
      round: message.round,
      handle: TEST_HANDLE,
      resumed,
    });
    if (resumed) for (const { frame } of missed) this.#sendFrame(conn, frame);
    else this.#sendKeyframe(conn);
  }

  #open(conn: TestConnection, message: Extract<ClientMessage, { type: typeof FRAME.OPEN }>): void {
    this.opens++;
    const decoded = decodeCommitment(message.commitment);
    assert(decoded.ok, 'the commitment is canonical');
    const { commitment } = decoded;
    const auth = this.received.findLast((one) => one.type === FRAME.AUTH);
    assert(auth?.type === FRAME.AUTH, 'OPEN comes after AUTH');
    const hash = sha256(message.commitment);
    assert(signatures.verify(hash, message.signature, auth.publicKey), 'the commitment is signed');
    assert(toHex(commitment.nonce) === toHex(NONCE), "the commitment carries the connection's nonce");
    for (const other of this.streams.values()) if (other.conn === conn) this.#end(other, 0, 'replaced');
    const tips = commitment.chains.map(({ anchor }) => ({ index: 0, word: anchor }));
    const grant: VerifierGrant = {
      tips,
      chains: commitment.chains,
      rateSatsPerSecond: commitment.rateSatsPerSecond,
      watchFromMs: Math.max(this.nowMs(), this.state.startsAtMs),
      holdSats: message.holdSats,
      watchSats: 0,
      paidSats: 0,
    };
    const stream: ServerStream = {
      streamId: commitment.streamId,
      grant,
      verifier: new StreamVerifier(grant),
      durable: grant,
      tips: tips.map((tip) => ({ ...tip })),
      watchSats: 0,
      conn: null,
      number: 0,
      watching: null,
      vote: null,
      claps: this.state.participants.map(() => 0),
    };
    this.streams.set(stream.streamId, stream);
    this.#grant(conn, stream, message.ref);
  }

  #grant(conn: TestConnection, stream: ServerStream, ref: number): void {
    stream.conn = conn;
    stream.number = ++this.#streamNumber;
    this.#send(conn, this.#streamMessage(stream, ref));
  }

  #detachTaken(stream: ServerStream): void {
    const { conn, number } = stream;
    if (conn === null) return;
    const paidSats = stream.verifier.paidSats;
    this.#send(conn, { type: FRAME.ENDED, ref: 0, stream: number, reason: 'taken', paidSats });
  }

  #streamMessage(stream: ServerStream, ref: number): ServerMessage {
    return {
      type: FRAME.STREAM,
      ref,
      stream: stream.number,
      round: this.state.roundId,
      streamId: stream.streamId,
      holdSats: stream.grant.holdSats,
      paidSats: stream.durable.paidSats,
      watchSats: stream.durable.watchSats,
      watchFromMs: stream.grant.watchFromMs,
      indexes: stream.durable.tips.map(({ index }) => index),
      vote: stream.vote,
      claps: stream.claps,
      watching: stream.watching,
    };
  }

  #grantOf(stream: ServerStream): VerifierGrant {
    return {
      ...stream.grant,
      tips: stream.tips.map((tip) => ({ ...tip })),
      watchSats: stream.watchSats,
      paidSats: stream.verifier.paidSats,
    };
  }

  #streamMessageFrom(
    conn: TestConnection,
    message: Exclude<ClientMessage, { type: 0x01 | 0x02 | 0x03 | 0x04 | 0x05 | 0x15 }>,
  ): void {
    const stream = [...this.streams.values()].find(
      (one) => one.conn === conn && one.number === message.stream,
    );
    if (stream === undefined) return this.#error(conn, 'UNKNOWN_STREAM', message);
    switch (message.type) {
      case FRAME.PAY:
        return this.#take(conn, stream, message, [message.reveal]);
      case FRAME.GIFT:
        if (this.state.phase === 'closing') {
          this.#error(conn, 'ROUND_OVER', message);
          return this.#send(conn, this.#streamMessage(stream, 0));
        }
        if (this.refuseGifts !== null && this.#isNews(stream, message.reveals)) {
          return this.#error(conn, this.refuseGifts, message);
        }
        return this.#take(conn, stream, message, message.reveals);
      case FRAME.WATCH:
        stream.watching = message.target;
        return;
      case FRAME.CLAP:
        if (this.refuseClaps !== null) return this.#error(conn, this.refuseClaps, message);
        stream.claps[message.target] = Math.max(stream.claps[message.target] ?? 0, message.count);
        return;
      case FRAME.VOTE:
        if (stream.vote === null) stream.vote = message.target;
        else this.#error(conn, 'ALREADY_VOTED', message);
        return;
      case FRAME.CLOSE:
        return this.#end(stream, message.ref, 'closed');
      default:
        message satisfies never;
    }
  }

  /** What was accepted before is not refused, as on a real edge. */
  #isNews(stream: ServerStream, reveals: readonly WordReveal[]): boolean {
    return reveals.some(({ chain, index }) => index > (stream.tips[chain]?.index ?? 0));
  }

  #take(
    conn: TestConnection,
    stream: ServerStream,
    message: Extract<ClientMessage, { type: 0x10 | 0x11 }>,
    reveals: readonly WordReveal[],
  ): void {
    const { endsAtMs } = this.state;
    const { target } = message;
    const purpose = message.type === FRAME.GIFT ? 'gift' : 'watch';
    const verdict = stream.verifier.accept({ purpose, reveals, nowMs: this.nowMs(), endsAtMs, sha256 });
    if (!verdict.ok) return this.#error(conn, verdict.code, message);
    if (!verdict.fresh) {
      if (!this.holdAcks) this.acknowledge();
      return;
    }
    for (const { chain, index, word } of reveals) {
      const tip = stream.tips[chain];
      if (tip !== undefined && index > tip.index) stream.tips[chain] = { index, word };
    }
    if (purpose === 'watch') stream.watchSats += verdict.sats;
    this.payments.push({ purpose, target, sats: verdict.sats });
    if (!this.holdAcks) this.acknowledge();
  }

  #end(
    stream: ServerStream,
    ref: number,
    reason: 'closed' | 'roundOver' | 'cancelled' | 'replaced' | 'taken',
  ): void {
    const { conn, number } = stream;
    stream.conn = null;
    if (conn === null) return;
    this.#send(conn, {
      type: FRAME.ENDED,
      ref,
      stream: number,
      reason,
      paidSats: reason === 'cancelled' ? 0 : stream.verifier.paidSats,
    });
  }

  #error(conn: TestConnection, code: Code, about: ClientMessage): void {
    const ref = 'ref' in about ? about.ref : 0;
    const stream = 'stream' in about ? about.stream : null;
    const what = { code, message: code, retryable: false, frame: about.type };
    this.#send(conn, { type: FRAME.ERROR, ref, stream, ...what });
  }
}

function participant(id: string, rank: number): PublicState['participants'][number] {
  const zero = { sats: 0, satsPerSecond: 0, votes: 0, claps: 0, score: 0, watchers: 0 };
  return { id: id as ParticipantId, name: id, rank, ...zero };
}

/** Two participants, live from `startsAtMs`. */
export function testState(startsAtMs: number, change: Partial<PublicState> = {}): PublicState {
  return {
    roundId: 'r-test' as RoundId,
    title: 'A test',
    phase: 'live',
    startsAtMs,
    endsAtMs: startsAtMs + 60_000,
    endHeight: null,
    cutoffAtMs: null,
    rateSatsPerSecond: 1,
    payEveryMs: 1_000,
    atMs: startsAtMs,
    viewers: 0,
    participants: [participant('ada', 1), participant('bob', 2)],
    supporters: [],
    gifts: [],
    result: null,
    ...change,
  };
}
