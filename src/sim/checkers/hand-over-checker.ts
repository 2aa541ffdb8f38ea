/**
 * What viewers ask for goes to a life of their round once. Counted at the edge's end of its links: of an OPEN or ATTACH
 * at most as many as the edge was given frames with that number on that connection (a liar may repeat itself). Handing
 * a request over again is right when nobody is left who has it: over the link to the shard's next life, and after the
 * keyframe of the round's next epoch.
 */
import type { EdgeToShard, ShardToEdge } from '../../actors/messages.ts';
import type { Port } from '../../actors/port.ts';
import { decodeClient } from '../../protocol/client-codec.ts';
import { FRAME } from '../../protocol/messages.ts';
import type { RoundInput } from '../../round/inputs.ts';
import type { Fail } from '../observer.ts';
import type { Life } from '../scheduler.ts';

/** How often, by connection of an edge, kind and number of the request. */
type Counts = Map<string, number>;

/** What a round was handed in the epoch that the edge knows of, over one link. */
interface Round {
  epoch: number;
  readonly handed: Counts;
}

export class HandOverChecker {
  readonly #fail: Fail;
  /** Frames with requests that the edge with this life was given. */
  readonly #asked = new Map<Life, Counts>();

  constructor(fail: Fail) {
    this.#fail = fail;
  }

  /** A frame has come to an edge. */
  received(edge: Life, conn: number, frame: Uint8Array): void {
    const kind = frame[0] === FRAME.OPEN ? 'open' : frame[0] === FRAME.ATTACH ? 'attach' : null;
    if (kind === null) return;
    const decoded = decodeClient(frame);
    if (decoded.ok && 'ref' in decoded.message)
      count(this.#askedOf(edge), keyOf(kind, conn, decoded.message.ref));
  }

  /** The same port, listened to: the end of a new link that the edge with this life has. */
  watched(port: Port<EdgeToShard, ShardToEdge>, edge: Life): Port<EdgeToShard, ShardToEdge> {
    const asked = this.#askedOf(edge);
    const rounds = new Map<number, Round>();
    const roundOf = (handle: number): Round => {
      const round = rounds.get(handle) ?? { epoch: 0, handed: new Map<string, number>() };
      rounds.set(handle, round);
      return round;
    };
    return {
      ...port,
      send: (message, transfer) => {
        if (message.kind === 'inputs') {
          for (const { handle, inputs } of message.rounds) {
            for (const input of inputs) this.#handed(input, asked, roundOf(handle));
          }
        }
        port.send(message, transfer);
      },
      onMessage: (receive) =>
        port.onMessage((message) => {
          if (message.kind === 'keyframe') {
            const round = roundOf(message.handle);
            if (round.epoch !== message.epoch) round.handed.clear();
            round.epoch = message.epoch;
          }
          receive(message);
        }),
    };
  }

  #handed(
    input: RoundInput,
    asked: Counts,
    round: { readonly epoch: number; readonly handed: Counts },
  ): void {
    if (input.kind !== 'open' && input.kind !== 'attach') return;
    const { conn, ref } = input.from;
    if (ref === 0) return; // the edge's own, for streams that it has: asked until it is answered
    const key = keyOf(input.kind, conn, ref);
    const [times, frames] = [count(round.handed, key), asked.get(key) ?? 0];
    if (times <= frames) return;
    this.#fail(
      'hand-over',
      `epoch ${round.epoch} of a round was handed ${key} ${times} times, for ${frames} frames`,
    );
  }

  #askedOf(edge: Life): Counts {
    const asked = this.#asked.get(edge) ?? new Map<string, number>();
    this.#asked.set(edge, asked);
    return asked;
  }
}

function keyOf(kind: 'open' | 'attach', conn: number, ref: number): string {
  return `${kind} ${ref} of connection ${conn}`;
}

function count(counts: Counts, key: string): number {
  const times = (counts.get(key) ?? 0) + 1;
  counts.set(key, times);
  return times;
}
