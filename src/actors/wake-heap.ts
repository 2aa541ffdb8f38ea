/**
 * When each round wants to be woken: a binary min-heap that also knows where each key sits, so that a new
 * time for a round moves its entry instead of adding one. Never larger than the number of rounds.
 * Owned by the shard thread.
 */
import { assert } from '../core/assert.ts';

export class WakeHeap {
  readonly #keys: number[] = [];
  readonly #times: number[] = [];
  readonly #at = new Map<number, number>();

  get size(): number {
    return this.#keys.length;
  }

  /** The earliest time, or undefined when nobody waits. */
  get nextMs(): number | undefined {
    return this.#times[0];
  }

  /** Null: the key does not wait any more. */
  set(key: number, timeMs: number | null): void {
    if (timeMs === null) {
      this.delete(key);
      return;
    }
    const known = this.#at.get(key);
    const at = known ?? this.#keys.length;
    this.#place(at, key, timeMs);
    this.#settle(at);
  }

  delete(key: number): void {
    const at = this.#at.get(key);
    if (at === undefined) return;
    this.#at.delete(key);
    const lastKey = this.#keys.pop();
    const lastMs = this.#times.pop();
    assert(lastKey !== undefined && lastMs !== undefined, 'the heap holds what its index names');
    if (lastKey === key) return;
    this.#place(at, lastKey, lastMs);
    this.#settle(at);
  }

  /** Removes and returns one key whose time is at or before `nowMs`. */
  popDue(nowMs: number): number | undefined {
    const key = this.#keys[0];
    if (key === undefined || this.#timeAt(0) > nowMs) return undefined;
    this.delete(key);
    return key;
  }

  #timeAt(at: number): number {
    const timeMs = this.#times[at];
    assert(timeMs !== undefined, 'position in the heap');
    return timeMs;
  }

  #place(at: number, key: number, timeMs: number): void {
    this.#keys[at] = key;
    this.#times[at] = timeMs;
    this.#at.set(key, at);
  }

  #swap(a: number, b: number): void {
    const keyA = this.#keys[a];
    const keyB = this.#keys[b];
    assert(keyA !== undefined && keyB !== undefined, 'positions in the heap');
    const timeA = this.#timeAt(a);
    this.#place(a, keyB, this.#timeAt(b));
    this.#place(b, keyA, timeA);
  }

  /** Moves the entry up or down to where it belongs. */
  #settle(start: number): void {
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#timeAt(parent) <= this.#timeAt(at)) break;
      this.#swap(parent, at);
      at = parent;
    }
    for (;;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.size && this.#timeAt(child) < this.#timeAt(least)) least = child;
      }
      if (least === at) return;
      this.#swap(least, at);
      at = least;
    }
  }
}
