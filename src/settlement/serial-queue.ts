/** One task after the other, in order of asking; a task that fails does not hold up the next. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  async run<T>(task: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const result = (async () => {
      await before;
      return await task();
    })();
    this.#last = result.catch(() => undefined); // whoever asked for it hears of the failure
    return await result;
  }
}
