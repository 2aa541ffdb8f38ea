/** How many watch words were sent, and how many of them are known to be durable. */
export class TickLog {
  sentCount = 0;
  acknowledgedCount = 0;
  /** Indexes sent and not acknowledged, ascending; an acknowledgement every few seconds keeps it short. */
  #open: number[] = [];

  sent(index: number): void {
    this.sentCount++;
    this.#open.push(index);
  }

  acknowledged(upTo: number): void {
    let count = 0;
    while (count < this.#open.length && (this.#open[count] ?? 0) <= upTo) count++;
    if (count === 0) return;
    this.acknowledgedCount += count;
    this.#open = this.#open.slice(count);
  }
}
