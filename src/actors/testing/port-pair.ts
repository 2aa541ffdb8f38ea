/** Two ends of a channel inside one thread: copied and delivered later, in order, as between threads. */
import type { Port } from '../port.ts';

export function portPair<A, B>(): [Port<A, B>, Port<B, A>] {
  const toFirst = new Way<B>();
  const toSecond = new Way<A>();
  return [end(toSecond, toFirst), end(toFirst, toSecond)];
}

function end<Out, In>(out: Way<Out>, into: Way<In>): Port<Out, In> {
  return {
    send: (message) => out.send(message),
    onMessage: (receive) => into.listen(receive),
    close() {
      out.close();
      into.close();
    },
  };
}

class Way<T> {
  readonly #waiting: T[] = [];
  #receive: ((message: T) => void) | undefined;
  #open = true;

  send(message: T): void {
    if (!this.#open) return;
    this.#waiting.push(structuredClone(message));
    queueMicrotask(() => this.#deliver());
  }

  listen(receive: (message: T) => void): void {
    this.#receive = receive;
    queueMicrotask(() => this.#deliver());
  }

  close(): void {
    this.#open = false;
  }

  #deliver(): void {
    if (this.#receive === undefined) return;
    for (let message = this.#waiting.shift(); message !== undefined; message = this.#waiting.shift()) {
      this.#receive(message);
    }
  }
}
