/** Chance of a run: generators that all follow from the seed, one per use, so that one use does not move another. */
import { Prng } from '../core/prng.ts';
import type { Random } from '../ports/random.ts';

export class Chance extends Prng {
  readonly #seed: number;
  #children = 0;

  constructor(seed: number) {
    super(seed);
    this.#seed = seed >>> 0;
  }

  /** A generator of its own; the same calls in the same order give the same ones. */
  fork(): Chance {
    this.#children++;
    return new Chance(Math.imul(this.#seed ^ 0x5bd1e995, 0x01000193) + Math.imul(this.#children, 0x9e3779b1));
  }

  /** Uniform integer in [from, to]. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  /** Uniform in [0, 1). */
  real(): number {
    return this.u32() / 0x1_0000_0000;
  }

  /** Mostly near `typical`, now and then many times as much. */
  delay(typical: number): number {
    const spread = typical * (0.2 + this.real() * 1.6);
    return this.chance(0.02) ? spread * (2 + this.real() * 20) : spread;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  shuffled<T>(items: readonly T[]): T[] {
    const out = [...items];
    for (let at = out.length - 1; at > 0; at--) {
      const other = this.below(at + 1);
      [out[at], out[other]] = [out[other] as T, out[at] as T];
    }
    return out;
  }

  /** As a port: bytes that are unpredictable to nobody but the same for the same seed. */
  asRandom(): Random {
    return { bytes: (count) => Uint8Array.from({ length: count }, () => this.below(256)) };
  }
}
