/**
 * The one seam to the network: a socket that carries binary frames. The default adapts the global WebSocket, which
 * browsers and Node 22 have; a load generator may pass another.
 */

/** The server speaks first, so that a connection opened is no event of its own. */
export interface SocketHandlers {
  message(frame: Uint8Array): void;
  /** Called once, for a refused connection too. */
  close(code: number): void;
}

export interface Socket {
  send(frame: Uint8Array): void;
  close(code: number): void;
}

export type OpenSocket = (url: string, subprotocol: string, handlers: SocketHandlers) => Socket;

/** What a WebSocket says of a connection that ended without a close frame (RFC 6455, 7.4.1). */
const LOST = 1006;

export const openWebSocket: OpenSocket = (url, subprotocol, handlers) => {
  const socket = new WebSocket(url, subprotocol);
  socket.binaryType = 'arraybuffer';
  let opened = false;
  let closed = false;
  const closeOnce = (code: number): void => {
    if (closed) return;
    closed = true;
    handlers.close(code);
  };
  socket.addEventListener('open', () => {
    opened = true;
  });
  socket.addEventListener('message', (event: MessageEvent<unknown>) => {
    // Text frames are not part of the protocol: whoever sends them is not a Ringside edge.
    if (!closed && event.data instanceof ArrayBuffer) handlers.message(new Uint8Array(event.data));
  });
  socket.addEventListener('close', (event) => closeOnce(event.code));
  // A browser says `close` after every `error`; Node 22 does not when the connection was refused.
  socket.addEventListener('error', () => {
    if (!opened) closeOnce(LOST);
  });
  return {
    send(frame) {
      if (socket.readyState === WebSocket.OPEN) socket.send(frame.slice());
    },
    close: (code) => socket.close(code),
  };
};
