/**
 * Fails fast while a dependency is down: after so many failures in a row nothing is sent for a while, then one
 * command at a time until one succeeds. Bounds what piles up behind a cluster that does not answer.
 */
export class CircuitBreaker {
  readonly #failuresMax: number;
  readonly #openMs: number;
  readonly #nowMs: () => number;
  #failures = 0;
  #openUntilMs = 0;
  #isProbing = false;

  constructor(options: {
    readonly failuresMax: number;
    readonly openMs: number;
    readonly nowMs: () => number;
  }) {
    this.#failuresMax = options.failuresMax;
    this.#openMs = options.openMs;
    this.#nowMs = options.nowMs;
  }

  /** Whether a command may be sent. One that may has to be reported with `succeeded` or `failed`. */
  admit(): boolean {
    if (this.#failures < this.#failuresMax) return true;
    if (this.#isProbing || this.#nowMs() < this.#openUntilMs) return false;
    this.#isProbing = true;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#isProbing = false;
  }

  failed(): void {
    this.#failures++;
    this.#isProbing = false;
    this.#openUntilMs = this.#nowMs() + this.#openMs;
  }
}
