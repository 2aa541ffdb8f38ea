/**
 * Claps of one viewer, counted up per participant; only the latest count is ever sent, so a lost or repeated message
 * changes nothing. The local bucket is the server's rule (LIMITS), a little stricter: an honest client is never told
 * that it claps too fast.
 */
import { LIMITS } from '../core/limits.ts';

const BURST = LIMITS.clapsBurst - LIMITS.clapsPerSecond;
const PER_SECOND = LIMITS.clapsPerSecond - 1;

export class ClapCounter {
  readonly #counts: number[];
  readonly #dirty = new Set<number>();
  #tokens = BURST;
  #refilledMs: number | null = null;

  constructor(participants: number) {
    this.#counts = Array.from({ length: participants }, () => 0);
  }

  get counts(): readonly number[] {
    return this.#counts;
  }

  /** Counts as many of `claps` as the limit allows; returns that number. */
  add(target: number, claps: number, nowMs: number): number {
    if (this.#refilledMs !== null) {
      const elapsedSeconds = Math.max(0, nowMs - this.#refilledMs) / 1000;
      this.#tokens = Math.min(BURST, this.#tokens + elapsedSeconds * PER_SECOND);
    }
    this.#refilledMs = nowMs;
    const counted = Math.min(claps, Math.floor(this.#tokens));
    if (counted <= 0) return 0;
    this.#tokens -= counted;
    this.#counts[target] = (this.#counts[target] ?? 0) + counted;
    this.#dirty.add(target);
    return counted;
  }

  /** What the server has. Its higher counts are ours (another page); its lower ones have to hear from us. */
  reconcile(server: readonly number[]): void {
    for (let target = 0; target < this.#counts.length; target++) {
      const ours = this.#counts[target] ?? 0;
      const theirs = server[target] ?? 0;
      this.#counts[target] = Math.max(ours, theirs);
      if (ours > theirs) this.#dirty.add(target);
      else this.#dirty.delete(target);
    }
  }

  /** The server refused a count as too fast: say it again with the next flush. */
  refused(): void {
    for (let target = 0; target < this.#counts.length; target++) {
      if ((this.#counts[target] ?? 0) > 0) this.#dirty.add(target);
    }
  }

  /** Targets whose count has to be sent; they are taken as sent. */
  takeDirty(): readonly { readonly target: number; readonly count: number }[] {
    if (this.#dirty.size === 0) return [];
    const out = [...this.#dirty].map((target) => ({ target, count: this.#counts[target] ?? 0 }));
    this.#dirty.clear();
    return out;
  }
}
