/** A viewer's stream as it is on the connection, where it has a number; everything that is said about it goes here. */
import { type ClientMessage, FRAME } from '../../src/protocol/messages.ts';
import type { ViewerConnection } from './viewer-connection.ts';

const DETACHED = -1;

export class Attachment {
  readonly #connection: ViewerConnection;
  #stream: number = DETACHED;
  #closing = false;

  constructor(connection: ViewerConnection) {
    this.#connection = connection;
  }

  /** The connection's number of the stream. */
  get stream(): number {
    return this.#stream;
  }

  /** Words count now. */
  get isThere(): boolean {
    return this.#stream !== DETACHED;
  }

  /** CLOSE is under way: nothing that follows it would count. */
  get isClosing(): boolean {
    return this.#closing;
  }

  granted(stream: number): void {
    this.#stream = stream;
  }

  ended(): void {
    this.#stream = DETACHED;
  }

  /** The connection is gone. */
  lost(): void {
    this.#stream = DETACHED;
    this.#closing = false;
  }

  /** Nothing while the stream is not attached: STREAM makes up for it. */
  send(message: Exclude<ClientMessage, { readonly ref: number }>): void {
    if (this.isThere && !this.#closing) this.#connection.send(message);
  }

  /** Bytes as they are. */
  sendFrame(frame: Uint8Array): void {
    this.#connection.socket?.send(frame);
  }

  close(): void {
    this.#closing = true;
    this.#connection.send({ type: FRAME.CLOSE, stream: this.#stream, ref: this.#connection.nextRef() });
  }
}
