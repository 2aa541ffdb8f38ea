/**
 * The machine behind a remote store: whether it answers now. What it has stored is the disk's; a local store has no
 * server, and never an outage.
 */

/**
 * 'refuses': every call fails at once and is not applied, as behind an open circuit breaker. 'silent': every call times
 * out, and a write may arrive when the network is back. 'readOnly': reads work, writes are refused (a full namespace).
 */
export type Outage = 'refuses' | 'silent' | 'readOnly';

export class StoreServer {
  #outage: { readonly kind: Outage; readonly untilMs: number } | null = null;
  #kills = 0;

  /** How often it was killed: a call that sees two numbers was cut off. */
  get kills(): number {
    return this.#kills;
  }

  fail(kind: Outage, untilMs: number): void {
    this.#outage = { kind, untilMs };
  }

  /** It answers again at `backAtMs`. */
  kill(backAtMs: number): void {
    this.#kills++;
    this.fail('refuses', backAtMs);
  }

  works(): void {
    this.#outage = null;
  }

  outage(nowMs: number): { readonly kind: Outage; readonly untilMs: number } | null {
    return this.#outage !== null && nowMs < this.#outage.untilMs ? this.#outage : null;
  }
}
