/** Watch words that were sent: how many, how many of them are durable, and for whom those are that are not. */

/** Words above `from` up to `to`, for the seconds that `target` was watched. */
export interface Tick {
  readonly from: number;
  readonly to: number;
  readonly target: number;
}

export class TickLog {
  sentCount = 0;
  acknowledgedCount = 0;
  /** Sent and not acknowledged, ascending; an acknowledgement every few seconds keeps it short. */
  #open: Tick[] = [];

  sent(tick: Tick): void {
    this.sentCount++;
    this.#open.push(tick);
  }

  acknowledged(upTo: number): void {
    let count = 0;
    while (count < this.#open.length && (this.#open[count]?.to ?? 0) <= upTo) count++;
    if (count === 0) return;
    this.acknowledgedCount += count;
    this.#open = this.#open.slice(count);
  }

  /**
   * For whom to send the words above `from` up to `to` once more, each up to an index, ascending. Words that are not in
   * the log (a page before this one sent them) are for `otherwise`.
   */
  repeats(words: {
    readonly from: number;
    readonly to: number;
    readonly otherwise: number;
  }): readonly { readonly to: number; readonly target: number }[] {
    const runs: { to: number; target: number }[] = [];
    let at = words.from;
    const upTo = (index: number, target: number): void => {
      const to = Math.min(index, words.to);
      if (to <= at) return;
      const last = runs.at(-1);
      if (last?.target === target) last.to = to;
      else runs.push({ to, target });
      at = to;
    };
    for (const { from, to, target } of this.#open) {
      upTo(from, words.otherwise);
      upTo(to, target);
    }
    upTo(words.to, words.otherwise);
    return runs;
  }
}
