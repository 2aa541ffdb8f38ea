/**
 * What a session needs of a connection. The edge's logic sees sockets only through this, so that tests and the
 * simulator can be one.
 */

export interface Socket {
  /** One binary frame. False: it was not taken, because too much is unsent; `Edge.drained` follows some time later. */
  send(frame: Uint8Array): boolean;
  /** Unsent bytes. */
  bufferedBytes(): number;
  /** Frames published to the topic from now on are sent here, each dropped (and reported) like in `send`. */
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /**
   * Closes, with a close frame unless too much is unsent for it to be taken: a peer that does not read would not
   * see it, and the connection would only hold memory. `Edge.closed` is called before this returns.
   */
  end(closeCode: number): void;
}

/** Sends one frame to every socket that is subscribed. */
export type Publish = (topic: string, frame: Uint8Array) => void;
