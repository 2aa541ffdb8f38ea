/**
 * The last deltas of a round, encoded, for viewers who come back. Consecutive by seq; bounded by count and age.
 * Owned by the edge thread.
 */
import { assert } from '../core/assert.ts';

interface Kept {
  readonly seq: number;
  readonly atMs: number;
  readonly frame: Uint8Array;
}

export class FrameRing {
  readonly #framesMax: number;
  readonly #ageMs: number;
  #kept: Kept[] = [];
  /** Index of the oldest that counts; what is before it is dropped now and then. */
  #first = 0;

  constructor(limits: { readonly framesMax: number; readonly ageMs: number }) {
    this.#framesMax = limits.framesMax;
    this.#ageMs = limits.ageMs;
  }

  get size(): number {
    return this.#kept.length - this.#first;
  }

  push(seq: number, frame: Uint8Array, nowMs: number): void {
    const last = this.#kept.at(-1);
    assert(last === undefined || this.size === 0 || seq === last.seq + 1, 'frames follow each other');
    this.#kept.push({ seq, atMs: nowMs, frame });
    this.#evict(nowMs);
  }

  clear(): void {
    this.#kept = [];
    this.#first = 0;
  }

  /** The frames after `seq`, all of them, or undefined when one is missing. Not for a `seq` that is current. */
  after(seq: number): readonly Uint8Array[] | undefined {
    const oldest = this.#kept[this.#first];
    const newest = this.#kept.at(-1);
    if (oldest === undefined || newest === undefined) return undefined;
    if (seq < oldest.seq - 1 || seq >= newest.seq) return undefined;
    return this.#kept.slice(this.#first + seq - oldest.seq + 1).map((kept) => kept.frame);
  }

  #evict(nowMs: number): void {
    for (;;) {
      const oldest = this.#kept[this.#first];
      if (oldest === undefined) break;
      if (this.size <= this.#framesMax && nowMs - oldest.atMs <= this.#ageMs) break;
      this.#first++;
    }
    if (this.#first >= this.#framesMax) {
      this.#kept = this.#kept.slice(this.#first);
      this.#first = 0;
    }
  }
}
