/**
 * One edge: connections on one side, shards on the other, no socket library in between. Owned by one thread;
 * everything it does happens in these calls and in its two timers (a sweep, and the flush of collected inputs).
 *
 * `uws-server.ts` drives it with real sockets; tests and the simulator with their own.
 */
import { unreachable } from '../core/assert.ts';
import { ByteWriter } from '../core/bytes.ts';
import type { EdgeStats, MainToEdge, RoundPlace } from '../actors/messages.ts';
import type { Timer } from '../ports/clock.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import { FRAME } from '../protocol/messages.ts';
import { u32At } from '../protocol/layout.ts';
import { encodeServer } from '../protocol/server-codec.ts';
import { AckPacer } from './ack-pacer.ts';
import type { EdgeContext, EdgePorts } from './edge-context.ts';
import { FanOut, type FanOutLimits } from './fan-out.ts';
import { FrameHandler } from './frame-handler.ts';
import { Requests } from './requests.ts';
import { RoundDirectory, type ShardPort } from './round-directory.ts';
import { Session } from './session.ts';
import { EDGE_TUNING, type EdgeSettings } from './settings.ts';
import { ShardMail } from './shard-mail.ts';
import { SlowReaders } from './slow-readers.ts';
import type { Publish, Socket } from './socket.ts';

export interface EdgeOptions extends EdgePorts {
  /** Number of this edge among all of the engine. */
  readonly edge: number;
  readonly settings: EdgeSettings;
  readonly publish: Publish;
  readonly fanOut?: FanOutLimits;
  /** Runs `run` soon, after the frames that have arrived (setImmediate). */
  readonly defer: (run: () => void) => void;
}

/** What main says that is about rounds and shards; `port` is ready to be used. */
export type EdgeCommand =
  | { readonly kind: 'link'; readonly shard: number; readonly port: ShardPort }
  | Extract<MainToEdge, { kind: 'place' | 'unplace' }>;

export class Edge {
  readonly #context: EdgeContext;
  readonly #sessions = new Map<number, Session>();
  /** In the order of opening, so that a sweep looks at the late ones only. */
  readonly #unauthenticated = new Set<Session>();
  readonly #requests: Requests;
  readonly #frames: FrameHandler;
  readonly #mail: ShardMail;
  readonly #slow: SlowReaders;
  readonly #onBehind: (session: Session) => void;
  readonly #nonceOf: (conn: number) => Uint8Array;
  readonly #sweepTimer: Timer;
  /** From a random number on: what is still under way to connections of this edge's former life finds nobody. */
  #lastConn: number;
  #stoppingWith: number | null = null;

  constructor(options: EdgeOptions) {
    const { clock, edge, hashes, random, settings } = options;
    // A number comes again after four billion connections at the earliest; the next life has another secret.
    const secret = random.bytes(32);
    this.#nonceOf = (conn) => hashes.sha256(new ByteWriter(36).bytes(secret).u32(conn).finish());
    this.#lastConn = u32At(random.bytes(4), 0);
    this.#context = {
      ...options,
      sessions: this.#sessions,
      directory: new RoundDirectory({ edge, clock, onMessage: (message) => this.#mail.handle(message) }),
      acks: new AckPacer({ intervalMs: settings.ackIntervalMs, sessions: this.#sessions }),
      fanOut: new FanOut({
        publish: (topic, frame) => {
          this.#slow.beforePublish();
          options.publish(topic, frame);
        },
        limits: options.fanOut ?? EDGE_TUNING.fanOut,
        defer: options.defer,
      }),
      counters: { wordsAccepted: 0, wordsRefused: 0, framesPublished: 0 },
    };
    this.#requests = new Requests(this.#context);
    this.#frames = new FrameHandler(this.#context, this.#requests, options.defer);
    this.#slow = new SlowReaders(this.#context);
    this.#mail = new ShardMail(this.#context, {
      requests: this.#requests,
      frames: this.#frames,
      defer: options.defer,
    });
    this.#onBehind = (session) => this.#slow.mark(session);
    this.#sweepTimer = clock.every(EDGE_TUNING.sweepMs, () => this.#sweep());
  }

  get connections(): number {
    return this.#sessions.size;
  }

  /** A connection was upgraded: greets it. The socket reports to the session that is returned. */
  opened(socket: Socket): Session {
    const { clock, settings } = this.#context;
    const nowMs = clock.nowMs();
    const session = new Session({
      conn: this.#nextConn(),
      socket,
      nowMs,
      tokens: settings.messagesPerSecond * 2,
      onBehind: this.#onBehind,
      nonceOf: this.#nonceOf,
    });
    this.#sessions.set(session.conn, session);
    this.#unauthenticated.add(session);
    const { network, authTimeoutMs, idleTimeoutMs, maxFrameBytes } = settings;
    session.reply(
      encodeServer({
        type: FRAME.WELCOME,
        v: 1,
        network,
        nonce: session.nonce,
        serverTimeMs: nowMs,
        authTimeoutMs,
        idleTimeoutMs,
        maxFrameBytes,
      }),
    );
    return session;
  }

  /** A message came; `frame` is only valid during the call. */
  received(session: Session, frame: Uint8Array, isBinary: boolean): void {
    if (session.closed) return;
    this.#frames.handle(session, frame, isBinary);
  }

  /** A ping or a pong came: the library answers, but that is work as well, so it counts. */
  pinged(session: Session): void {
    if (!session.closed) this.#frames.admit(session, this.#context.clock.nowMs());
  }

  /** A published frame was not taken by the session's socket. */
  dropped(session: Session): void {
    this.#slow.mark(session);
  }

  /** The socket has sent some of what was unsent. */
  drained(session: Session): void {
    if (!session.closed) this.#slow.drained(session);
  }

  /** The connection is gone, for whatever reason. Nothing may be sent on it any more. */
  closed(session: Session): void {
    if (session.closed) return;
    session.closed = true;
    this.#frames.settle(); // what it sent before counts
    this.#sessions.delete(session.conn);
    this.#unauthenticated.delete(session);
    this.#slow.forget(session);
    const { directory, edge } = this.#context;
    for (const audience of session.rounds) audience.followers--;
    for (const { handle } of [...session.rounds, ...session.pending]) {
      const feed = directory.byHandle(handle);
      if (feed !== undefined) directory.release(feed);
    }
    for (const stream of session.streams) {
      const feed = directory.byHandle(stream.handle);
      if (feed === undefined) continue;
      directory.push(feed, { kind: 'detach', edge, conn: session.conn, slots: [stream.slot] });
      directory.release(feed);
    }
  }

  command(command: EdgeCommand): void {
    switch (command.kind) {
      case 'link':
        return this.#mail.cutOff(new Set(this.#context.directory.link(command.shard, command.port)));
      case 'place':
        return this.#place(command.place);
      case 'unplace': {
        const feed = this.#context.directory.byHandle(command.handle);
        if (feed === undefined) return;
        this.#mail.gone(feed);
        this.#context.directory.unplace(command.handle);
        return;
      }
      default:
        return unreachable(command);
    }
  }

  stats(): EdgeStats {
    return { connections: this.#sessions.size, ...this.#context.counters };
  }

  /** Hands on what was collected and closes every connection, also those that still come. */
  stop(closeCode: number): void {
    this.#stoppingWith = closeCode;
    this.#frames.settle();
    this.#sweepTimer.cancel();
    this.#context.fanOut.flushAll();
    for (const session of this.#sessions.values()) session.socket.end(closeCode);
    this.#context.directory.flush();
  }

  /** The code with which a connection that comes now is to be closed; null: it is welcome. */
  get stoppingWith(): number | null {
    return this.#stoppingWith;
  }

  /** After `stop`: gives up the links, so that the thread can end. */
  dispose(): void {
    this.#sweepTimer.cancel();
    this.#context.directory.close();
  }

  #nextConn(): number {
    do this.#lastConn = (this.#lastConn + 1) >>> 0;
    while (this.#sessions.has(this.#lastConn));
    return this.#lastConn;
  }

  #place(place: RoundPlace): void {
    const { feed, moved } = this.#context.directory.place(place);
    if (moved) this.#mail.cutOff(new Set([feed]));
  }

  #sweep(): void {
    const nowMs = this.#context.clock.nowMs();
    const { directory, settings } = this.#context;
    for (const session of this.#unauthenticated) {
      if (nowMs - session.openedMs < settings.authTimeoutMs) break;
      this.#unauthenticated.delete(session);
      if (!session.isAuthenticated) session.close(CLOSE.AUTH_TIMEOUT);
    }
    this.#context.acks.sweep(nowMs);
    this.#slow.sweep(nowMs);
    this.#mail.sweep(nowMs);
    for (const feed of directory.feeds()) {
      this.#requests.expire(feed, 'UNAVAILABLE', nowMs - EDGE_TUNING.requestTimeoutMs);
    }
    directory.unsubscribeIdle(nowMs);
  }
}
