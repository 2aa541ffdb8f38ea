/**
 * The server's clock as this client sees it. Each sample is a question and its answer; the error of a sample is at
 * most half its round trip, so the one with the shortest round trip of the last few is believed (Cristian 1989).
 * The offset is kept against the monotonic clock: a step of the machine's wall clock moves nothing.
 */
import type { Clock } from '../ports/clock.ts';

const SAMPLES_KEPT = 8;

export class ServerClock {
  readonly #clock: Clock;
  #samples: { readonly offsetMs: number; readonly roundTripMs: number }[] = [];
  #offsetMs: number;
  #roundTripMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = clock.nowMs() - clock.monotonicMs(); // until told otherwise: our own wall clock
  }

  /** Server time, milliseconds since 1970. */
  nowMs(): number {
    return this.#clock.monotonicMs() + this.#offsetMs;
  }

  /** Round trip of the sample in use; infinite before the first. */
  get roundTripMs(): number {
    return this.#roundTripMs;
  }

  /** From WELCOME: good to one network delay, and only until the first sample. */
  hint(serverTimeMs: number): void {
    if (this.#samples.length === 0) this.#offsetMs = serverTimeMs - this.#clock.monotonicMs();
  }

  sample(input: {
    readonly sentMs: number;
    readonly receivedMs: number;
    readonly serverTimeMs: number;
  }): void {
    const roundTripMs = input.receivedMs - input.sentMs;
    const offsetMs = input.serverTimeMs - (input.sentMs + roundTripMs / 2);
    this.#samples = [...this.#samples.slice(1 - SAMPLES_KEPT), { offsetMs, roundTripMs }];
    let best = this.#samples[0];
    for (const one of this.#samples) if (best === undefined || one.roundTripMs < best.roundTripMs) best = one;
    if (best === undefined) return;
    this.#offsetMs = best.offsetMs;
    this.#roundTripMs = best.roundTripMs;
  }

  /** Samples of a connection that is gone say nothing about the next one's path; the offset stays. */
  forget(): void {
    this.#samples = [];
  }
}
