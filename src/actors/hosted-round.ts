/**
 * One round actor on its shard: its state, its mailbox, and the execution of what its steps ask for. Owned
 * by the shard thread.
 *
 * A step is synchronous. Whatever the store answers comes back through the mailbox and is seen by a later
 * step; effects are executed in the order the step gave them. Once `gone` (released, or lost to another
 * owner) nothing leaves here any more.
 */
import { unreachable } from '../core/assert.ts';
import { EngineError } from '../core/errors.ts';
import type { AccountId, RoundId } from '../core/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { AccountStore, RoundStore, RoundWrite, SavedRound } from '../ports/store.ts';
import { encodeDelta } from '../protocol/state-codec.ts';
import type { RoundEffect } from '../round/effects.ts';
import type { RoundInput } from '../round/inputs.ts';
import { isDirty } from '../round/marks.ts';
import { restoreRound } from '../round/restore.ts';
import type { RoundState } from '../round/state.ts';
import { nextWakeMs, step } from '../round/step.ts';
import { Mailbox, type MailboxLimits } from './mailbox.ts';
import type { EdgeEffect, ShardToEdge, ShardToMain } from './messages.ts';
import { untilAnswered } from './store-retry.ts';

/** What a shard needs of the store. */
export type ShardStore = Pick<RoundStore, 'acquireRound' | 'appendSegment' | 'saveSnapshot'> &
  Pick<AccountStore, 'hold' | 'shrinkHold'>;

/** What a round needs of its shard. */
export interface RoundHost {
  readonly store: ShardStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly mailbox: MailboxLimits;
  toMain(message: ShardToMain): void;
  toEdge(edge: number, message: ShardToEdge): void;
  /** There is something in the mailbox. */
  stir(round: HostedRound): void;
  wakeAt(round: HostedRound, timeMs: number | null): void;
  /** Take the round out: another owner has it, or the store does not. */
  drop(round: HostedRound, why: 'lost' | 'absent'): void;
  storeFault(): void;
}

export class HostedRound {
  readonly handle: number;
  readonly roundId: RoundId;
  readonly subscribers: Set<number> = new Set();
  readonly mailbox: Mailbox;
  readonly #host: RoundHost;
  /** Undefined until the store has handed the round over. */
  #state: RoundState | undefined;
  readonly #toEdges = new Map<number, EdgeEffect[]>();
  /** Store calls without an answer yet. */
  #storeCalls = 0;
  /** Releases without an answer: a hold of the same account waits for them, or would not find what is about to be free. */
  readonly #releases = new Map<AccountId, Promise<unknown>>();
  #gone = false;

  constructor(host: RoundHost, handle: number, roundId: RoundId) {
    this.#host = host;
    this.handle = handle;
    this.roundId = roundId;
    this.mailbox = new Mailbox(host.mailbox);
  }

  get running(): boolean {
    return this.#state !== undefined && !this.#gone;
  }

  /** To be looked at only: checkers of the simulator compare it with what it should be. */
  get state(): Readonly<RoundState> | undefined {
    return this.#state;
  }

  /** The generation under which it is owned; 0 before. */
  get epoch(): number {
    return this.#state?.epoch ?? 0;
  }

  /** Nothing waits for a step or for the store, and all that happened is durable. */
  get quiet(): boolean {
    const dirty = this.#state !== undefined && isDirty(this.#state);
    return this.#storeCalls === 0 && this.mailbox.size === 0 && !dirty;
  }

  /** From now on nothing leaves here. */
  leave(): void {
    this.#gone = true;
  }

  /** Becomes the owner in the store and restores the state; the first step publishes it. */
  async acquire(): Promise<void> {
    const saved = await this.#ask(() => this.#host.store.acquireRound(this.roundId));
    if (saved === undefined) return;
    if (!saved.ok) {
      this.#host.drop(this, 'absent');
      return;
    }
    const { generation, terms } = saved;
    this.#state = this.#restore(saved);
    if (this.#state === undefined) return;
    this.#host.toMain({ kind: 'owned', handle: this.handle, generation, terms });
    this.put({ kind: 'tick' });
  }

  /** A bug crashes the shard; main hears first in which round it was. */
  #step(state: RoundState, nowMs: number): RoundEffect[] {
    try {
      return step(state, nowMs, this.mailbox.takeAll());
    } catch (error) {
      this.#host.toMain({ kind: 'failing', handle: this.handle });
      throw error;
    }
  }

  /** Saves that cannot be read cost this round, not the others of the shard. */
  #restore({ terms, generation, snapshot, segments }: SavedRound): RoundState | undefined {
    try {
      return restoreRound({
        terms,
        epoch: generation,
        snapshot: snapshot?.bytes ?? null,
        segments: segments.map(({ bytes }) => bytes),
      });
    } catch (error) {
      if (!(error instanceof EngineError)) {
        this.#host.toMain({ kind: 'failing', handle: this.handle });
        throw error;
      }
      this.#host.logger.error('the round cannot be restored', { roundId: this.roundId, error });
      this.#host.drop(this, 'lost');
      return undefined;
    }
  }

  /** False when the mailbox is full for it. */
  put(input: RoundInput): boolean {
    if (!this.mailbox.put(input)) return false;
    if (this.running) this.#host.stir(this);
    return true;
  }

  /** One step over everything that waits. False when there was nothing to do. */
  run(nowMs: number): boolean {
    const state = this.#state;
    if (state === undefined || this.#gone || this.mailbox.size === 0) return false;
    const epoch = state.epoch;
    for (const effect of this.#step(state, nowMs)) this.#execute(effect, epoch);
    for (const [edge, list] of this.#toEdges) {
      this.#host.toEdge(edge, {
        kind: 'effects',
        handle: this.handle,
        epoch,
        effects: list,
      });
    }
    this.#toEdges.clear();
    this.#host.wakeAt(this, nextWakeMs(state));
    return true;
  }

  /** A new follower, or one that lost its place: it gets the state as it was published last. */
  subscribe(edge: number): void {
    this.subscribers.add(edge);
    const { seq, published } = this.#state?.session.frames ?? { seq: 0, published: null };
    if (published === null) return; // the first step tells everybody
    this.#host.toEdge(edge, {
      kind: 'keyframe',
      handle: this.handle,
      epoch: this.epoch,
      seq,
      state: published,
    });
  }

  #execute(effect: RoundEffect, generation: number): void {
    const { handle } = this;
    switch (effect.kind) {
      case 'hold':
        void this.#hold(effect);
        return;
      case 'shrinkHold':
        void this.#shrinkHold(effect);
        return;
      case 'appendSegment':
      case 'saveSnapshot':
        void this.#save(effect, generation);
        return;
      case 'publishKeyframe': {
        const { seq, state } = effect;
        this.#publish({ kind: 'keyframe', handle, epoch: generation, seq, state });
        return;
      }
      case 'publishDelta': {
        const { seq, delta } = effect;
        if (this.subscribers.size === 0) return;
        const frame = encodeDelta({ handle, epoch: generation, seq, delta });
        this.#publish({ kind: 'delta', handle, epoch: generation, seq, frame });
        return;
      }
      case 'granted':
      case 'refused':
        this.#forEdge(effect.to.edge, effect);
        return;
      case 'paid':
      case 'streamEnded':
        this.#forEdge(effect.edge, effect);
        return;
      case 'settle':
        this.#host.toMain({ kind: 'settle', handle, generation, statement: effect.statement });
        return;
      case 'refund':
        this.#host.toMain({ kind: 'refund', handle, generation, roundId: this.roundId });
        return;
      case 'phase':
        this.#host.toMain({ kind: 'phase', handle, phase: effect.phase, endsAtMs: effect.endsAtMs });
        return;
      default:
        unreachable(effect);
    }
  }

  #publish(message: ShardToEdge): void {
    for (const edge of this.subscribers) this.#host.toEdge(edge, message);
  }

  #forEdge(edge: number, effect: EdgeEffect): void {
    const list = this.#toEdges.get(edge);
    if (list === undefined) this.#toEdges.set(edge, [effect]);
    else list.push(effect);
  }

  async #hold({ streamId, account, sats }: Extract<RoundEffect, { kind: 'hold' }>): Promise<void> {
    const { store, clock } = this.#host;
    const releases = this.#releases.get(account);
    if (releases !== undefined) await releases;
    const hold = { streamId, roundId: this.roundId, account, sats, atMs: clock.nowMs() };
    const outcome = await this.#ask(() => store.hold(hold));
    if (outcome !== undefined) this.put({ kind: 'held', streamId, outcome });
  }

  async #shrinkHold(effect: Extract<RoundEffect, { kind: 'shrinkHold' }>): Promise<void> {
    const { streamId, account, toSats } = effect;
    const { store, clock } = this.#host;
    const change = { streamId, toSats, atMs: clock.nowMs() };
    const releases = Promise.all([this.#releases.get(account), this.#ask(() => store.shrinkHold(change))]);
    this.#releases.set(account, releases);
    await releases;
    if (this.#releases.get(account) === releases) this.#releases.delete(account);
  }

  /** The round goes on while a save is tried again; what it would acknowledge waits for `saved`. */
  async #save(
    effect: Extract<RoundEffect, { kind: 'appendSegment' | 'saveSnapshot' }>,
    generation: number,
  ): Promise<void> {
    const { store } = this.#host;
    const { seq, bytes, phase } = effect;
    const write: RoundWrite = { roundId: this.roundId, generation, seq, bytes, phase };
    const outcome = await this.#ask(() =>
      effect.kind === 'appendSegment' ? store.appendSegment(write) : store.saveSnapshot(write),
    );
    if (outcome === undefined) return;
    if (outcome.ok) this.put({ kind: 'saved', seq });
    else this.#host.drop(this, 'lost');
  }

  /** Undefined when the round left before the store answered. */
  async #ask<T>(call: () => Promise<T>): Promise<T | undefined> {
    this.#storeCalls++;
    const answer = await untilAnswered({
      call,
      clock: this.#host.clock,
      abandoned: () => this.#gone,
      onFault: (error, nextTryMs) => this.#fault(error, nextTryMs),
    });
    this.#storeCalls--;
    this.#host.stir(this); // whoever waits for quiet looks again
    return this.#gone ? undefined : answer;
  }

  #fault(error: EngineError, nextTryMs: number): void {
    this.#host.storeFault();
    this.#host.logger.warn('the store failed, trying again', { roundId: this.roundId, nextTryMs, error });
  }
}
