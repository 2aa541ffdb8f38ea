/**
 * How long a viewer has really watched, in server time: what is due is whole seconds of it. Nothing runs while the
 * viewer has stopped, the page is hidden or the connection is down, and what is left of a second is kept for later.
 */
export class WatchMeter {
  #carryMs = 0;
  #sinceMs: number | null = null;

  get running(): boolean {
    return this.#sinceMs !== null;
  }

  start(nowMs: number): void {
    this.#sinceMs ??= nowMs;
  }

  /** @param untilMs now, or the end of the round if that was earlier */
  stop(untilMs: number): void {
    this.#advance(untilMs);
    this.#sinceMs = null;
  }

  /** Whole seconds watched and not yet paid; they count as paid from here on. */
  takeSeconds(untilMs: number, secondsMax: number): number {
    this.#advance(untilMs);
    const seconds = Math.max(0, Math.min(Math.floor(this.#carryMs / 1000), secondsMax));
    this.#carryMs -= seconds * 1000;
    return seconds;
  }

  #advance(untilMs: number): void {
    if (this.#sinceMs === null || untilMs <= this.#sinceMs) return; // the offset may be corrected backwards
    this.#carryMs += untilMs - this.#sinceMs;
    this.#sinceMs = untilMs;
  }
}
