/**
 * Messages from one life to another: each delayed, all in the order they were sent, copied as between threads. What is
 * under way when an end dies is lost; nothing else is.
 */
import type { Port } from '../actors/port.ts';
import type { Life, Scheduler } from './scheduler.ts';

export interface ChannelEnd {
  readonly life: Life;
  /** Of the messages to this end, for the trace. */
  readonly label: (message: unknown) => string;
}

/** Both ends before anybody listens: what is sent meanwhile waits, as in a MessagePort. */
export class SimChannel<A, B> {
  readonly #ways: readonly [Way<A>, Way<B>];

  /** `first` sends A to `second`, which sends B back. */
  constructor(scheduler: Scheduler, delayMs: () => number) {
    this.#ways = [new Way<A>(scheduler, delayMs), new Way<B>(scheduler, delayMs)];
  }

  first(end: ChannelEnd): Port<A, B> {
    return this.#end(this.#ways[0], this.#ways[1], end);
  }

  second(end: ChannelEnd): Port<B, A> {
    return this.#end(this.#ways[1], this.#ways[0], end);
  }

  #end<Out, In>(out: Way<Out>, into: Way<In>, end: ChannelEnd): Port<Out, In> {
    return {
      send: (message, transfer) => out.send(message, transfer ?? []),
      onMessage: (receive) => into.listen(end, receive),
      close: () => {
        for (const way of this.#ways) way.close();
      },
    };
  }
}

class Way<T> {
  readonly #scheduler: Scheduler;
  readonly #delayMs: () => number;
  readonly #waiting: T[] = [];
  #early = 0;
  #end: ChannelEnd | null = null;
  #receive: ((message: T) => void) | null = null;
  #open = true;

  constructor(scheduler: Scheduler, delayMs: () => number) {
    this.#scheduler = scheduler;
    this.#delayMs = delayMs;
  }

  send(message: T, transfer: readonly ArrayBuffer[]): void {
    if (!this.#open) return;
    const label = this.#end?.label(message);
    this.#waiting.push(copied(message, transfer));
    if (label === undefined) this.#early++;
    else this.#deliverLater(label);
  }

  listen(end: ChannelEnd, receive: (message: T) => void): void {
    this.#end = end;
    this.#receive = receive;
    for (; this.#early > 0; this.#early--) this.#deliverLater('mail');
  }

  close(): void {
    this.#open = false;
    this.#waiting.length = 0;
  }

  /** Each event delivers the oldest message, whichever that is: delays never change the order. */
  #deliverLater(label: string): void {
    if (this.#end === null) return;
    this.#scheduler.after(this.#end.life, this.#delayMs(), label, () => {
      if (!this.#open || this.#waiting.length === 0) return;
      this.#receive?.(this.#waiting.shift() as T);
    });
  }
}

/** A port is handed over, everything else is copied. */
function copied<T>(message: T, transfer: readonly ArrayBuffer[]): T {
  if (
    typeof message !== 'object' ||
    message === null ||
    !('port' in message) ||
    typeof message.port !== 'object'
  ) {
    return structuredClone(message, { transfer: [...transfer] });
  }
  const { port, ...rest } = message;
  return { ...structuredClone(rest), port } as T;
}
