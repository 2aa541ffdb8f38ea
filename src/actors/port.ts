/**
 * One end of a two-way channel of messages: what threads talk over. A MessagePort in the engine, a queue of
 * the simulator's there. Messages arrive in the order they were sent, or not at all once an end is closed.
 */
import type { MessagePort } from 'node:worker_threads';

export interface Port<Out, In> {
  /** `transfer` buffers belong to the receiver afterwards. After `close` a message goes nowhere. */
  send(message: Out, transfer?: readonly ArrayBuffer[]): void;
  /** Starts delivery; to be called once. */
  onMessage(receive: (message: In) => void): void;
  close(): void;
}

/** A MessagePort as a Port. What comes in is trusted: the other end is a thread of this process. */
export function messagePort<Out, In>(port: MessagePort): Port<Out, In> {
  return {
    send: (message, transfer = []) => port.postMessage(message, [...transfer]),
    onMessage(receive) {
      port.on('message', receive);
    },
    close: () => port.close(),
  };
}
