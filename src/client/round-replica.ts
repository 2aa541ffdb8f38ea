/**
 * A copy of a round's public state, advanced by state frames. Several followers of one process may share one: the
 * first that gets a frame decodes it, the others only look at its header, so that thousands of simulated viewers cost
 * one decoding.
 */
import type { PublicDelta, PublicState } from '../round/public-state.ts';
import { applyDelta } from '../round/public-delta.ts';
import { STATE_HEAD_BYTES } from '../protocol/frame-sizes.ts';
import { FRAME } from '../protocol/messages.ts';
import { decodeDelta, decodeKeyframe } from '../protocol/state-codec.ts';

export interface StateHead {
  readonly keyframe: boolean;
  readonly handle: number;
  readonly epoch: number;
  readonly seq: number;
}

/** Undefined when the frame is too short to be a state frame. */
export function readStateHead(frame: Uint8Array): StateHead | undefined {
  if (frame.length < STATE_HEAD_BYTES) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  return {
    keyframe: frame[0] === FRAME.KEYFRAME,
    handle: view.getUint32(1, true),
    epoch: view.getUint32(5, true),
    seq: view.getUint32(9, true),
  };
}

export class RoundReplica {
  #state: PublicState | null = null;
  #epoch = 0;
  #seq = 0;
  #lastDelta: PublicDelta | null = null;

  /** Changed in place by the next frame: copy what has to stay. Null before the first keyframe. */
  get state(): PublicState | null {
    return this.#state;
  }

  /** The delta that led to (epoch, seq); null when it was a keyframe or is not the newest any more. */
  deltaOf(epoch: number, seq: number): PublicDelta | null {
    return epoch === this.#epoch && seq === this.#seq ? this.#lastDelta : null;
  }

  /**
   * 'gap': a delta does not follow on what is here. 'broken': the frame cannot be decoded.
   * Anything this replica already has is 'current', like what it has just applied.
   */
  offer(head: StateHead, frame: Uint8Array): 'current' | 'gap' | 'broken' {
    if (head.epoch < this.#epoch || (head.epoch === this.#epoch && head.seq <= this.#seq)) return 'current';
    if (head.keyframe) {
      const message = decodeKeyframe(frame);
      if (message === undefined) return 'broken';
      this.#state = message.state;
      this.#lastDelta = null;
    } else {
      if (this.#state === null || head.epoch !== this.#epoch || head.seq !== this.#seq + 1) return 'gap';
      const message = decodeDelta(frame);
      if (message === undefined || !fits(message.delta, this.#state)) return 'broken';
      applyDelta(this.#state, message.delta);
      this.#lastDelta = message.delta;
    }
    this.#epoch = head.epoch;
    this.#seq = head.seq;
    return 'current';
  }
}

/** What `applyDelta` asserts: for a client a wrong delta is a wrong server, not a bug of its own. */
function fits(delta: PublicDelta, state: PublicState): boolean {
  return (delta.participants ?? []).every((change) => change.index < state.participants.length);
}
