/** Time and timers, so that tests and the simulator own them. */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall clock, milliseconds since 1970; may step. */
  nowMs(): number;
  /** Never goes back; milliseconds from an arbitrary start, with a fraction. For durations. */
  monotonicMs(): number;
  after(delayMs: number, run: () => void): Timer;
  every(intervalMs: number, run: () => void): Timer;
}
