/**
 * Which round lives on which shard, under which handle. Owned by main. A round is placed once, on the shard
 * with the fewest rounds (ties: lowest number), and stays there when the shard is restarted. Handles count up
 * from 1 and are never used again in this process, so that an old handle can only be unknown.
 */
import { assert } from '../core/assert.ts';
import type { RoundId } from '../core/ids.ts';

export interface Placed {
  readonly handle: number;
  readonly roundId: RoundId;
  readonly shard: number;
  /** Generation under which the shard owns it; null while it is being acquired and restored. */
  generation: number | null;
}

export class Placement {
  readonly #byHandle = new Map<number, Placed>();
  readonly #byRound = new Map<RoundId, Placed>();
  readonly #load: number[];
  #lastHandle = 0;

  constructor(shards: number) {
    assert(shards > 0, 'rounds need a shard');
    this.#load = Array.from({ length: shards }, () => 0);
  }

  place(roundId: RoundId): Placed {
    assert(!this.#byRound.has(roundId), 'a round is placed once');
    const shard = this.#load.indexOf(Math.min(...this.#load));
    const placed: Placed = { handle: ++this.#lastHandle, roundId, shard, generation: null };
    this.#byHandle.set(placed.handle, placed);
    this.#byRound.set(roundId, placed);
    this.#addLoad(shard, 1);
    return placed;
  }

  remove(placed: Placed): void {
    assert(this.#byHandle.delete(placed.handle), 'the round is placed');
    this.#byRound.delete(placed.roundId);
    this.#addLoad(placed.shard, -1);
  }

  byHandle(handle: number): Placed | undefined {
    return this.#byHandle.get(handle);
  }

  byRound(roundId: RoundId): Placed | undefined {
    return this.#byRound.get(roundId);
  }

  all(): Iterable<Placed> {
    return this.#byHandle.values();
  }

  /** Rounds by shard. */
  get load(): readonly number[] {
    return this.#load;
  }

  #addLoad(shard: number, change: number): void {
    const load = this.#load[shard];
    assert(load !== undefined && load + change >= 0, 'a known shard with that many rounds');
    this.#load[shard] = load + change;
  }
}
