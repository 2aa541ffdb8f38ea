/**
 * How often viewers are asked for a word, by how busy the threads are. Lives on main. Every thread reports once a
 * second; the busiest one counts.
 *
 * Slower after two busy seconds in a row: a burst is no load. Faster only when the words that would come then leave
 * room, taken as if words were all there is to do; so it does not swing between two paces. Viewers follow with their
 * next word, so after each change the reports of one interval say nothing yet.
 */

/** A client may rely on at least a second and at most a minute (docs/PROTOCOL.md). */
export const PACES_MS = [1_000, 2_000, 5_000, 10_000] as const;

const BUSY = { slowerAbove: 0.85, fasterBelow: 0.7, slowerAfter: 2, fasterAfter: 5 } as const;

export class Pacer {
  /** The last report by thread. */
  readonly #parts = new Map<string, number>();
  readonly #heard = new Set<string>();
  #pace = 0;
  /** Rounds of reports, each with one of every thread, that agreed so far; and those still to be skipped. */
  #busyRounds = 0;
  #idleRounds = 0;
  #skipRounds = 0;

  get payEveryMs(): number {
    return PACES_MS[this.#pace] as number;
  }

  /** Returns the new interval when this report changes it. */
  note(thread: string, part: number): number | null {
    const isNewRound = this.#heard.has(thread);
    const changed = isNewRound && this.#roundIsOver();
    if (isNewRound) this.#heard.clear();
    this.#heard.add(thread);
    this.#parts.set(thread, part);
    return changed ? this.payEveryMs : null;
  }

  /** The thread is gone: what it said last counts no more. */
  forget(thread: string): void {
    this.#parts.delete(thread);
    this.#heard.delete(thread);
  }

  #roundIsOver(): boolean {
    if (this.#skipRounds > 0) {
      this.#skipRounds--;
      return false;
    }
    const part = Math.max(...this.#parts.values());
    const fasterMs = PACES_MS[this.#pace - 1];
    const wouldBe = fasterMs === undefined ? Infinity : (part * this.payEveryMs) / fasterMs;
    this.#busyRounds = part > BUSY.slowerAbove ? this.#busyRounds + 1 : 0;
    this.#idleRounds = wouldBe < BUSY.fasterBelow ? this.#idleRounds + 1 : 0;
    if (this.#busyRounds >= BUSY.slowerAfter && this.#pace < PACES_MS.length - 1) return this.#move(1);
    if (this.#idleRounds >= BUSY.fasterAfter) return this.#move(-1);
    return false;
  }

  #move(by: 1 | -1): true {
    this.#pace += by;
    this.#busyRounds = 0;
    this.#idleRounds = 0;
    this.#skipRounds = Math.ceil(this.payEveryMs / 1_000);
    return true;
  }
}
