/**
 * A question to another thread: everybody who waits gets the next answer. Owned by main. Answers
 * that nobody waits for are dropped.
 */
import type { Clock, Timer } from '../ports/clock.ts';

export class Ask<T> {
  readonly #clock: Clock;
  #waiting: ((answer: T | undefined) => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined when nobody answered in time, or nobody will. Null waits for as long as it takes. */
  wait(timeoutMs: number | null): Promise<T | undefined> {
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      const done = (answer: T | undefined): void => {
        timer?.cancel();
        resolve(answer);
      };
      this.#waiting.push(done);
      if (timeoutMs !== null) timer = this.#clock.after(timeoutMs, () => this.#leave(done));
    });
  }

  answer(answer: T): void {
    this.#resolveAll(answer);
  }

  /** There will be no answer: whoever waits gets undefined. */
  giveUp(): void {
    this.#resolveAll(undefined);
  }

  #leave(done: (answer: T | undefined) => void): void {
    this.#waiting = this.#waiting.filter((other) => other !== done);
    done(undefined);
  }

  #resolveAll(answer: T | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done(answer);
  }
}
