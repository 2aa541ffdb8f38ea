/**
 * A round as an edge follows it: a replica of its public state, the encoded frames that viewers may have missed,
 * and the requests that wait until the state is here. Owned by the edge thread.
 *
 * Invariant: while `live`, `state` is what every follower was sent or is being sent (fan-out.ts), at (`epoch`, `seq`).
 */
import { assert } from '../core/assert.ts';
import type { RoundId } from '../core/ids.ts';
import type { AttachMessage, JoinMessage, OpenMessage } from '../protocol/messages.ts';
import { decodeDelta, encodeKeyframe } from '../protocol/state-codec.ts';
import { applyDelta } from '../round/public-delta.ts';
import type { PublicState } from '../round/public-state.ts';
import type { Audience } from './fan-out.ts';
import { FrameRing } from './frame-ring.ts';
import type { Session } from './session.ts';
import { EDGE_TUNING } from './settings.ts';

export interface WaitingRequest {
  readonly session: Session;
  readonly message: JoinMessage | OpenMessage | AttachMessage;
  readonly sinceMs: number;
}

export class RoundFeed {
  readonly handle: number;
  readonly roundId: RoundId;
  /** Everybody who follows it, in parts. */
  readonly audiences: Audience[] = [];
  shard: number;
  /** A keyframe came over the current link: inputs can be sent and frames follow. */
  live = false;
  /** A subscription was asked for on the current link. */
  subscribed = false;
  /** A frame was missing: a keyframe was asked for. */
  resyncing = false;
  state: PublicState | null = null;
  epoch = 0;
  seq = 0;
  /** Connections that follow it, streams and requests on it. */
  uses = 0;
  unusedSinceMs = 0;
  waiting: WaitingRequest[] = [];
  readonly #ring = new FrameRing({ framesMax: EDGE_TUNING.ringFramesMax, ageMs: EDGE_TUNING.ringAgeMs });
  #keyframe: Uint8Array | null = null;

  constructor(place: { readonly handle: number; readonly roundId: RoundId; readonly shard: number }) {
    this.handle = place.handle;
    this.roundId = place.roundId;
    this.shard = place.shard;
  }

  /** Replaces the state; frames before it are of no use any more. */
  restart(epoch: number, seq: number, state: PublicState): void {
    this.epoch = epoch;
    this.seq = seq;
    this.state = state;
    this.#ring.clear();
    this.#keyframe = null;
  }

  /** Whether the frame is the next one; if so the state has been advanced by it. */
  advance(epoch: number, seq: number, frame: Uint8Array, nowMs: number): boolean {
    if (this.state === null || epoch !== this.epoch || seq !== this.seq + 1) return false;
    const decoded = decodeDelta(frame);
    assert(decoded !== undefined, 'a shard sends valid frames');
    applyDelta(this.state, decoded.delta);
    this.seq = seq;
    this.#ring.push(seq, frame, nowMs);
    this.#keyframe = null;
    return true;
  }

  /** The frames after `(epoch, seq)`, none if it is current; undefined when a keyframe is needed. */
  missed(since: { readonly epoch: number; readonly seq: number }): readonly Uint8Array[] | undefined {
    if (since.epoch !== this.epoch || this.state === null) return undefined;
    return since.seq === this.seq ? [] : this.#ring.after(since.seq);
  }

  /** Encoded once per state, however many join at the same time. */
  keyframe(): Uint8Array {
    assert(this.state !== null, 'there is a state to show');
    const { handle, epoch, seq, state } = this;
    this.#keyframe ??= encodeKeyframe({ handle, epoch, seq, state });
    return this.#keyframe;
  }
}
