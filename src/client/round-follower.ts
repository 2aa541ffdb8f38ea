/**
 * Follows one round over a connection: joins, checks that frames come without a gap, and after a lost connection or a
 * gap asks for what was missed. The state itself is in a replica, which followers of one process may share.
 *
 * Invariant: between JOINED and the loss of the connection every frame of an epoch has the seq after the one before;
 * anything else leads to a new JOIN from the last good (epoch, seq).
 */
import type { Code } from '../core/errors.ts';
import type { RoundId } from '../core/ids.ts';
import { type ErrorMessage, FRAME } from '../protocol/messages.ts';
import type { PublicDelta, PublicState } from '../round/public-state.ts';
import type { Connection, Reply } from './connection.ts';
import { Emitter } from './events.ts';
import { RoundReplica, readStateHead } from './round-replica.ts';
import type { Ticker } from './ticker.ts';

const RETRY_MS = 500;
/** Refusals of a known round before it counts as gone. */
const PATIENCE = 40;

export type RoundFollowerEvents = {
  /** A frame arrived. `delta` is null for a keyframe. */
  state: { readonly state: PublicState; readonly delta: PublicDelta | null };
  /** The round cannot be followed. */
  refused: { readonly code: Code; readonly message: string };
};

export class RoundFollower extends Emitter<RoundFollowerEvents> {
  readonly roundId: RoundId;
  readonly #connection: Connection;
  readonly #ticker: Ticker;
  readonly #replica: RoundReplica;
  readonly #unsubscribe: readonly (() => void)[];
  #handle: number | null = null;
  #joining = false;
  #left = false;
  /** A keyframe has to come before deltas mean anything. */
  #needsKeyframe = true;
  #refusals = 0;
  #seen = false;
  #epoch = 0;
  #seq = 0;

  constructor(input: {
    readonly connection: Connection;
    readonly ticker: Ticker;
    readonly roundId: RoundId;
    /** Shared with other followers; default: one of its own. */
    readonly replica: RoundReplica | undefined;
  }) {
    super();
    const { connection } = input;
    this.roundId = input.roundId;
    this.#connection = connection;
    this.#ticker = input.ticker;
    this.#replica = input.replica ?? new RoundReplica();
    this.#unsubscribe = [
      connection.on('ready', () => this.#join()),
      connection.on('lost', () => {
        this.#handle = null;
        this.#joining = false;
      }),
      connection.on('stateFrame', (frame) => this.#receive(frame)),
    ];
    if (connection.state.kind === 'ready') this.#join();
  }

  /** Null before the first keyframe. Changed in place by the next frame. */
  get state(): PublicState | null {
    return this.#seen ? this.#replica.state : null;
  }

  leave(): void {
    if (this.#left) return;
    this.#left = true;
    for (const off of this.#unsubscribe) off();
    if (this.#handle !== null) this.#connection.send({ type: FRAME.LEAVE, handle: this.#handle });
    this.#handle = null;
  }

  #join(): void {
    if (this.#joining || this.#left) return;
    this.#joining = true;
    const resume = this.#seq === 0 ? null : { epoch: this.#epoch, seq: this.#seq };
    this.#connection.request(
      (ref) => ({ type: FRAME.JOIN, ref, round: this.roundId, resume }),
      (answer) => this.#joined(answer),
    );
  }

  #joined(answer: Reply | null): void {
    this.#joining = false;
    if (answer === null) return; // the connection went: joined anew when it is ready
    if (answer.type === FRAME.JOINED) {
      if (this.#left) {
        this.#connection.send({ type: FRAME.LEAVE, handle: answer.handle });
        return;
      }
      this.#handle = answer.handle;
      this.#needsKeyframe = !answer.resumed;
      this.#refusals = 0;
    } else if (answer.type === FRAME.ERROR && !this.#left) {
      this.#refused(answer);
    }
  }

  /** An engine that is starting does not know its rounds at once: a round that was seen is waited for a while. */
  #refused({ code, message, retryable }: ErrorMessage): void {
    this.#refusals++;
    if (retryable || (this.#seen && this.#refusals <= PATIENCE)) {
      this.#ticker.add(RETRY_MS, () => {
        if (this.#handle === null && this.#connection.state.kind === 'ready') this.#join();
        return null;
      });
    } else {
      this.emit('refused', { code, message });
    }
  }

  #receive(frame: Uint8Array): void {
    const head = readStateHead(frame);
    // Frames between a gap and the new JOINED are of no use: they come again.
    if (head === undefined || head.handle !== this.#handle || this.#joining) return;
    if (!head.keyframe) {
      if (this.#needsKeyframe) return;
      if (head.epoch === this.#epoch && head.seq <= this.#seq) return; // seen before
      if (head.epoch !== this.#epoch || head.seq !== this.#seq + 1) return this.#join();
    }
    const outcome = this.#replica.offer(head, frame);
    if (outcome === 'broken' && head.keyframe) {
      this.emit('refused', { code: 'BAD_FRAME', message: 'The state of the round cannot be read.' });
      return;
    }
    if (outcome !== 'current') {
      this.#seq = 0; // a keyframe sets this right, resuming would not
      this.#join();
      return;
    }
    this.#epoch = head.epoch;
    this.#seq = head.seq;
    this.#needsKeyframe = false;
    this.#seen = true;
    const { state } = this.#replica;
    if (state === null) return;
    this.emit('state', { state, delta: head.keyframe ? null : this.#replica.deltaOf(head.epoch, head.seq) });
  }
}
