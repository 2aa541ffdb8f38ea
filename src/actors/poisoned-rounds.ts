/**
 * Rounds in whose code their shard died: each crash of a shard is put down to the round that ran. Lives on main. A bug
 * that every step of one round meets would otherwise take all the rounds of its shard down with it, for ever.
 */

/** So many crashes within this time, and the round is left alone until the engine is started again. */
export const POISON = { crashesMax: 3, withinMs: 60_000 } as const;

export class PoisonedRounds {
  /** Times of the latest crashes by handle, oldest first. */
  readonly #crashes = new Map<number, readonly number[]>();

  /** The shard is dying in this round. True when the round must not run again. */
  note(handle: number, nowMs: number): boolean {
    const recent = (this.#crashes.get(handle) ?? []).filter((atMs) => atMs > nowMs - POISON.withinMs);
    const crashes = [...recent, nowMs];
    this.#crashes.set(handle, crashes);
    return crashes.length >= POISON.crashesMax;
  }

  forget(handle: number): void {
    this.#crashes.delete(handle);
  }
}
