/**
 * Connections between viewers and edges. Within one connection frames keep their order and none is lost unless the
 * connection is, as TCP has it; across connections anything goes. Faults: a connection dropped, half-open (both ends
 * believe in it, nothing arrives), or read slowly.
 */
import { assert } from '../core/assert.ts';
import type { OpenSocket, SocketHandlers, Socket as ViewerSocket } from '../client/socket.ts';
import type { Edge } from '../edge/edge.ts';
import type { Session } from '../edge/session.ts';
import type { Socket } from '../edge/socket.ts';
import type { ObservedConnection } from './observer.ts';
import type { RunContext } from './run-context.ts';
import type { Life } from './scheduler.ts';

/** An edge thread that listens. */
export interface ListeningEdge {
  readonly life: Life;
  readonly edge: Edge;
}

const LOST = 1006;

export class Network {
  readonly #context: RunContext;
  readonly #edges = new Set<ListeningEdge>();
  readonly #open = new Set<Connection>();
  #lastNo = 0;

  constructor(context: RunContext) {
    this.#context = context;
  }

  get connections(): readonly Connection[] {
    return [...this.#open];
  }

  listen(edge: ListeningEdge): void {
    this.#edges.add(edge);
  }

  /** The thread is gone: nobody listens there, and its connections are cut. */
  gone(edge: ListeningEdge): void {
    this.#edges.delete(edge);
    for (const connection of this.#open) if (connection.at === edge) connection.edgeDied();
  }

  publish(edge: ListeningEdge, topic: string, frame: Uint8Array): void {
    for (const connection of this.#open) if (connection.at === edge) connection.published(topic, frame);
  }

  /** How a viewer with this life opens sockets. */
  opener(viewer: Life): OpenSocket {
    return (_url, _subprotocol, handlers) => {
      const connection = new Connection(this.#context, {
        no: ++this.#lastNo,
        viewer,
        handlers,
        closed: () => this.#open.delete(connection),
      });
      const { scheduler, chance, plan, world } = this.#context;
      scheduler.after(world, chance.delay(plan.net.delayMs), 'connect', () => {
        const listening = [...this.#edges].filter(({ life }) => life.alive);
        if (listening.length === 0 || !viewer.alive) return connection.refused();
        this.#open.add(connection);
        connection.accept(chance.pick(listening));
      });
      return connection.viewerSocket;
    };
  }
}

export class Connection implements ObservedConnection {
  readonly no: number;
  readonly viewer: Life;
  readonly viewerSocket: ViewerSocket;
  readonly streams: ObservedConnection['streams'] = new Map();
  account: string | null = null;
  readonly #context: RunContext;
  readonly #handlers: SocketHandlers;
  readonly #onClosed: () => void;
  readonly #topics = new Set<string>();
  readonly #up: Uint8Array[] = [];
  readonly #down: Uint8Array[] = [];
  #at: ListeningEdge | null = null;
  #session: Session | null = null;
  #edgeOpen = false;
  #viewerOpen = true;
  #unsentBytes = 0;
  #wasFull = false;
  #readsFromMs = 0;
  #dead = false;
  #lastHeardMs = 0;

  constructor(
    context: RunContext,
    input: {
      readonly no: number;
      readonly viewer: Life;
      readonly handlers: SocketHandlers;
      readonly closed: () => void;
    },
  ) {
    this.no = input.no;
    this.viewer = input.viewer;
    this.#context = context;
    this.#handlers = input.handlers;
    this.#onClosed = input.closed;
    this.viewerSocket = { send: (frame) => this.#sendUp(frame), close: () => this.#viewerClosed() };
  }

  get at(): ListeningEdge | null {
    return this.#at;
  }

  accept(at: ListeningEdge): void {
    const { scheduler } = this.#context;
    this.#at = at;
    this.#edgeOpen = true;
    this.#lastHeardMs = scheduler.nowMs;
    const { stoppingWith } = at.edge;
    if (stoppingWith !== null) return this.#end(stoppingWith);
    this.#run(at.life, 'open', () => {
      if (this.#edgeOpen) this.#session = at.edge.opened(this.#edgeSocket());
    });
    this.#watchIdle();
  }

  refused(): void {
    this.#closeViewer(LOST);
  }

  /** The network lost it: each end hears of it some time later. */
  drop(): void {
    const { scheduler, chance, world } = this.#context;
    this.#dead = true;
    scheduler.after(world, chance.between(0, 300), 'reset', () => this.#closeEdge());
    scheduler.after(world, chance.between(0, 300), 'reset', () => this.#closeViewer(LOST));
  }

  /** Nothing arrives any more and nobody is told. */
  goHalfOpen(): void {
    this.#dead = true;
  }

  /** The viewer does not read for a while. */
  stall(untilMs: number): void {
    this.#readsFromMs = Math.max(this.#readsFromMs, untilMs);
  }

  edgeDied(): void {
    const { scheduler, chance, world } = this.#context;
    this.#edgeOpen = false;
    this.#dead = true;
    scheduler.after(world, chance.between(0, 200), 'reset', () => this.#closeViewer(LOST));
  }

  published(topic: string, frame: Uint8Array): void {
    if (!this.#edgeOpen || this.#session === null || !this.#topics.has(topic)) return;
    if (!this.#sendDown(frame)) this.#at?.edge.dropped(this.#session);
  }

  #edgeSocket(): Socket {
    return {
      send: (frame) => {
        assert(this.#edgeOpen, 'nothing is sent on a closed socket');
        return this.#sendDown(frame);
      },
      bufferedBytes: () => this.#buffered(),
      subscribe: (topic) => void this.#topics.add(topic),
      unsubscribe: (topic) => void this.#topics.delete(topic),
      end: (closeCode) => this.#end(closeCode),
    };
  }

  #buffered(): number {
    return Math.max(0, this.#unsentBytes - this.#context.plan.net.windowBytes);
  }

  #sendDown(frame: Uint8Array): boolean {
    const { observer, trace, plan, chance, scheduler } = this.#context;
    if (this.#buffered() + frame.length > plan.net.maxBackpressureBytes) {
      this.#wasFull = true;
      return false;
    }
    if (this.#buffered() > 0) this.#wasFull = true;
    const copy = Uint8Array.from(frame);
    trace.bytes(copy);
    observer.sentDown(this, copy);
    this.#down.push(copy);
    this.#unsentBytes += copy.length;
    const atMs = Math.max(scheduler.nowMs + chance.delay(plan.net.delayMs), this.#readsFromMs);
    scheduler.at(this.viewer, atMs, 'frame down', () => this.#deliverDown());
    return true;
  }

  #deliverDown(): void {
    const { scheduler, observer } = this.#context;
    if (this.#dead || !this.#viewerOpen) return;
    if (this.#readsFromMs > scheduler.nowMs) {
      scheduler.at(this.viewer, this.#readsFromMs, 'frame down', () => this.#deliverDown());
      return;
    }
    const frame = this.#down.shift();
    if (frame === undefined) return;
    this.#unsentBytes -= frame.length;
    if (this.#wasFull) this.#drained();
    observer.receiving(this, frame);
    this.#handlers.message(frame);
  }

  #drained(): void {
    const { at } = this;
    const session = this.#session;
    if (at === null || session === null) return;
    if (this.#buffered() === 0) this.#wasFull = false;
    this.#run(at.life, 'drain', () => {
      if (this.#edgeOpen) at.edge.drained(session);
    });
  }

  #sendUp(frame: Uint8Array): void {
    if (!this.#viewerOpen) return;
    const { observer, handOvers, trace, scheduler, chance, plan, world } = this.#context;
    const copy = Uint8Array.from(frame);
    trace.bytes(copy);
    observer.sentUp(this, copy);
    this.#up.push(copy);
    scheduler.after(this.#at?.life ?? world, chance.delay(plan.net.delayMs), 'frame up', () => {
      const next = this.#up.shift();
      const { at } = this;
      const session = this.#session;
      if (next === undefined || this.#dead || !this.#edgeOpen || at === null || session === null) return;
      this.#lastHeardMs = scheduler.nowMs;
      handOvers.received(at.life, session.conn, next);
      at.edge.received(session, next, true);
    });
  }

  /** The viewer closes: what it sent before still arrives. */
  #viewerClosed(): void {
    if (!this.#viewerOpen) return;
    this.#viewerOpen = false;
    if (this.#dead) return;
    const { scheduler, world, plan } = this.#context;
    scheduler.after(world, plan.net.delayMs * 40, 'close up', () => this.#closeEdge());
  }

  /** The edge closes: what it sent before still arrives, unless it was too much. */
  #end(closeCode: number): void {
    if (!this.#edgeOpen) return;
    const { plan, scheduler, world } = this.#context;
    const code = this.#buffered() > plan.net.maxBackpressureBytes ? LOST : closeCode;
    const afterMs = Math.max(0, this.#readsFromMs - scheduler.nowMs) + plan.net.delayMs * 40;
    this.#closeEdge();
    if (this.#dead) return;
    scheduler.after(world, afterMs, `close ${code}`, () => this.#closeViewer(code));
  }

  #closeEdge(): void {
    if (!this.#edgeOpen) return;
    this.#edgeOpen = false;
    this.#onClosed();
    const { at } = this;
    const session = this.#session;
    if (at === null || session === null || !at.life.alive) return;
    at.edge.closed(session);
  }

  #closeViewer(code: number): void {
    if (!this.#viewerOpen) return;
    this.#viewerOpen = false;
    this.#onClosed();
    if (!this.viewer.alive) return;
    this.#context.trace.line(
      this.#context.scheduler.nowMs,
      this.viewer.name,
      () => `connection ${this.no} closed ${code}`,
    );
    this.#handlers.close(code);
  }

  /** As uWebSockets.js: it pings by itself, so only a dead path (or a dead viewer) is silent for long. */
  #watchIdle(): void {
    const { scheduler, world, plan } = this.#context;
    const { idleTimeoutMs } = plan.net;
    scheduler.after(world, idleTimeoutMs / 2, 'ping', () => {
      if (!this.#edgeOpen) return;
      if (!this.#dead && this.viewer.alive) this.#lastHeardMs = scheduler.nowMs;
      if (scheduler.nowMs - this.#lastHeardMs >= idleTimeoutMs) this.#closeEdge();
      else this.#watchIdle();
    });
  }

  #run(life: Life, label: string, run: () => void): void {
    this.#context.scheduler.after(life, 0, label, run);
  }
}
