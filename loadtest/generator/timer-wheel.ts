/**
 * Due times of thousands of things with one timer: a hashed wheel (Varghese & Lauck 1987) over ids that are small
 * integers. Adding and firing allocate nothing. An id waits once: adding it again is a bug of the caller.
 */
import { assert } from '../../src/core/assert.ts';

/** Things are due to the fraction of a millisecond; they fire with the first call of `advance` after that. */
const SLOT_MS = 4;
/** 16 seconds a turn; what is due later stays for another. */
const SLOTS = 4_096;
const NONE = -1;

export class TimerWheel {
  /** First id of each slot, and the next one of each id. */
  readonly #heads: Int32Array = new Int32Array(SLOTS).fill(NONE);
  readonly #next: Int32Array;
  readonly #dueMs: Float64Array;
  /** The next slot to be looked at, counted from the beginning of time. */
  #slot: number;

  /** Ids are below `idsMax`. */
  constructor(idsMax: number, nowMs: number) {
    this.#next = new Int32Array(idsMax).fill(NONE);
    this.#dueMs = new Float64Array(idsMax).fill(Number.NaN);
    this.#slot = Math.floor(nowMs / SLOT_MS);
  }

  /** What is due in the past fires with the next `advance`. */
  add(id: number, dueMs: number): void {
    assert(Number.isNaN(this.#dueMs[id]), 'an id waits once');
    this.#dueMs[id] = dueMs;
    this.#link(id, Math.max(this.#slot, Math.floor(dueMs / SLOT_MS)));
  }

  waits(id: number): boolean {
    return !Number.isNaN(this.#dueMs[id]);
  }

  /** Fires all that is due by `nowMs`; whoever is fired may add itself again. */
  advance(nowMs: number, fire: (id: number, dueMs: number) => void): void {
    const last = Math.floor(nowMs / SLOT_MS);
    for (let slot = this.#slot; slot <= last; slot++) {
      this.#slot = slot + 1; // what is added while this one fires, and was due before, must not wait for another turn
      this.#fireSlot(slot, nowMs, fire);
    }
    this.#slot = last; // looked at again next time: it may have what is due in the rest of it
  }

  #fireSlot(slot: number, nowMs: number, fire: (id: number, dueMs: number) => void): void {
    const at = slot % SLOTS;
    let id = this.#heads[at] as number;
    this.#heads[at] = NONE;
    while (id !== NONE) {
      const next = this.#next[id] as number;
      const dueMs = this.#dueMs[id] as number;
      if (dueMs > nowMs) {
        this.#link(id, Math.max(slot, Math.floor(dueMs / SLOT_MS)));
      } else {
        this.#dueMs[id] = Number.NaN;
        fire(id, dueMs);
      }
      id = next;
    }
  }

  #link(id: number, slot: number): void {
    const at = slot % SLOTS;
    this.#next[id] = this.#heads[at] as number;
    this.#heads[at] = id;
  }
}
