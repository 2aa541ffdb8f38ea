/**
 * A hash chain on the paying side (PayWord, Rivest & Shamir 1996): `w(length)` is the seed, `w(i)` is SHA-256 of
 * `w(i + 1)`, `w(0)` is the anchor. Whoever has the seed can pay the whole chain: it never leaves the payer.
 *
 * Memory is 64 bytes x sqrt(length): every k-th word is kept, and the k words of the segment that is being
 * revealed. Revealing in ascending order costs one hash a word on average; making the chain costs `length`.
 */
import { assert } from '../core/assert.ts';
import type { Sha256 } from '../core/bytes.ts';
import { LIMITS } from '../core/limits.ts';

const WORD_BYTES = 32;

export class HashChain {
  readonly length: number;
  /** `w(0)`. */
  readonly anchor: Uint8Array;
  readonly #sha256: Sha256;
  readonly #segmentWords: number;
  /** Highest word of each segment: `w(k)`, `w(2k)`, ... and `w(length)` at the end. */
  readonly #tops: Uint8Array;
  /** Words of one segment, lowest first. */
  readonly #cache: Uint8Array;
  #cached = -1;

  /**
   * @param input.seed 32 unpredictable bytes, of this one chain only: a seed used twice lets the words of one
   *   commitment pay for another.
   * @param input.length 1 to LIMITS.chainLengthMax.
   */
  static fromSeed(input: {
    readonly seed: Uint8Array;
    readonly length: number;
    readonly sha256: Sha256;
  }): HashChain {
    return new HashChain(input.seed, input.length, input.sha256);
  }

  private constructor(seed: Uint8Array, length: number, sha256: Sha256) {
    assert(seed.length === WORD_BYTES, 'a seed has 32 bytes');
    assert(Number.isInteger(length) && length >= 1 && length <= LIMITS.chainLengthMax, 'length out of range');
    this.length = length;
    this.#sha256 = sha256;
    this.#segmentWords = Math.ceil(Math.sqrt(length));
    this.#tops = new Uint8Array(Math.ceil(length / this.#segmentWords) * WORD_BYTES);
    this.#cache = new Uint8Array(this.#segmentWords * WORD_BYTES);
    let word = seed;
    for (let index = length; index > 0; index--) {
      if (index === length || index % this.#segmentWords === 0) this.#tops.set(word, this.#topAt(index));
      word = sha256(word);
    }
    this.anchor = Uint8Array.from(word);
  }

  /** The word of an index in 0..length, in a buffer of its own. */
  word(index: number): Uint8Array {
    assert(Number.isInteger(index) && index >= 0 && index <= this.length, 'index out of range');
    if (index === 0) return this.anchor.slice();
    const segment = this.#segmentOf(index);
    if (segment !== this.#cached) this.#fill(segment);
    const at = (index - 1 - segment * this.#segmentWords) * WORD_BYTES;
    return this.#cache.slice(at, at + WORD_BYTES);
  }

  /** Segment 0 holds the words 1..k, segment 1 the words k+1..2k, and so on. */
  #segmentOf(index: number): number {
    return Math.floor((index - 1) / this.#segmentWords);
  }

  #topAt(index: number): number {
    return this.#segmentOf(index) * WORD_BYTES;
  }

  #fill(segment: number): void {
    const count = Math.min(this.#segmentWords, this.length - segment * this.#segmentWords);
    let word: Uint8Array = this.#tops.slice(segment * WORD_BYTES, (segment + 1) * WORD_BYTES);
    for (let i = count - 1; i > 0; i--) {
      this.#cache.set(word, i * WORD_BYTES);
      word = this.#sha256(word);
    }
    this.#cache.set(word, 0);
    this.#cached = segment;
  }
}
