/** Things that happen in the load, as promises for whoever aims or measures. */

export class PaymentWatch {
  readonly #waiting: { readonly afterMs: number; readonly resolve: (atMs: number) => void }[] = [];

  /** A word that was first sent at `sentAtMs` is durable. */
  durable(sentAtMs: number): void {
    const nowMs = performance.now();
    for (let at = this.#waiting.length - 1; at >= 0; at--) {
      const waiter = this.#waiting[at];
      if (waiter === undefined || sentAtMs <= waiter.afterMs) continue;
      this.#waiting.splice(at, 1);
      waiter.resolve(nowMs);
    }
  }

  /** When the first word that was sent after that time was acknowledged; null: not within `timeoutMs`. */
  first(afterMs: number, timeoutMs: number): Promise<number | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(null), timeoutMs);
      const done = (atMs: number): void => {
        clearTimeout(timer);
        resolve(atMs);
      };
      this.#waiting.push({ afterMs, resolve: done });
    });
  }
}

export class PhaseWatch {
  readonly #waiting = new Map<string, (() => void)[]>();

  reached(phase: string): void {
    const waiting = this.#waiting.get(phase) ?? [];
    this.#waiting.delete(phase);
    for (const resolve of waiting) resolve();
  }

  /** Resolves when any round reaches the phase, or after `timeoutMs`. */
  next(phase: string, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiting.set(phase, [...(this.#waiting.get(phase) ?? []), done]);
    });
  }
}
