/** Collects what arrives, so that a test can wait for the thing it expects instead of for time. */

export class Collector<T> {
  readonly seen: T[] = [];
  #looks: (() => void)[] = [];

  add(item: T): void {
    this.seen.push(item);
    for (const look of this.#looks) look();
  }

  /** The first item, seen already or still to come, for which `pick` gives a value. */
  next<R>(pick: (item: T) => R | undefined): Promise<R> {
    return new Promise((resolve) => {
      let at = 0;
      const look = (): void => {
        while (at < this.seen.length) {
          const picked = pick(this.seen[at++] as T);
          if (picked === undefined) continue;
          this.#looks = this.#looks.filter((other) => other !== look);
          resolve(picked);
          return;
        }
      };
      this.#looks.push(look);
      look();
    });
  }

  /** Forgets what was seen: `next` is about what comes from here on. */
  clear(): void {
    this.seen.length = 0;
  }
}
