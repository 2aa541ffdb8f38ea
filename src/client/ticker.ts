/**
 * One timer for all viewers of a process: thousands of them would otherwise own as many timers. Entries are plain
 * records in an array; the timer runs only while there are any. Resolution 50 ms.
 */
import type { Clock, Timer } from '../ports/clock.ts';

const RESOLUTION_MS = 50;

interface Entry {
  dueMs: number;
  run: () => number | null;
}

export class Ticker {
  readonly #clock: Clock;
  #entries: Entry[] = [];
  #timer: Timer | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Calls `run` after `delayMs`, then again after as many milliseconds as it returned, until it returns null or the
   * timer is cancelled.
   */
  add(delayMs: number, run: () => number | null): Timer {
    const entry: Entry = { dueMs: this.#clock.monotonicMs() + delayMs, run };
    this.#entries.push(entry);
    this.#timer ??= this.#clock.every(RESOLUTION_MS, () => this.#tick());
    return {
      cancel: () => {
        entry.dueMs = Number.POSITIVE_INFINITY; // taken out by the next tick
      },
    };
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    const entries = this.#entries;
    let gone = false;
    for (const entry of entries) {
      if (entry.dueMs <= nowMs) {
        const nextMs = entry.run();
        // A cancel from inside `run` wins over what it returned.
        if (nextMs === null) entry.dueMs = Number.POSITIVE_INFINITY;
        else if (entry.dueMs !== Number.POSITIVE_INFINITY)
          entry.dueMs = nextDueMs(entry.dueMs, nextMs, nowMs);
      }
      if (entry.dueMs === Number.POSITIVE_INFINITY) gone = true;
    }
    if (!gone) return;
    this.#entries = this.#entries.filter((entry) => entry.dueMs !== Number.POSITIVE_INFINITY);
    if (this.#entries.length === 0) {
      this.#timer?.cancel();
      this.#timer = null;
    }
  }
}

/** On the beat of the one before, so that lateness does not add up; a beat that has passed (a sleeping machine) is skipped. */
function nextDueMs(dueMs: number, afterMs: number, nowMs: number): number {
  return dueMs + afterMs > nowMs ? dueMs + afterMs : nowMs + Math.max(afterMs, 1);
}

const tickers = new WeakMap<Clock, Ticker>();

/** The ticker that everybody with this clock shares. */
export function sharedTicker(clock: Clock): Ticker {
  let ticker = tickers.get(clock);
  if (ticker === undefined) {
    ticker = new Ticker(clock);
    tickers.set(clock, ticker);
  }
  return ticker;
}
