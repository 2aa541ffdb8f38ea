/**
 * The edge on uWebSockets.js: its sockets as Sockets, its events as calls of Edge. Owned by the edge thread. The
 * threads of one process listen on the same port; the kernel spreads connections over them.
 *
 * Facts about 20.51 that this relies on (measured; those about backpressure are in slow-readers.ts):
 * - `end` calls `close` before it returns, drops its close frame above `maxBackpressure`, and gives a peer that
 *   does not close 4 to 16 seconds; a socket must not be touched after `close`.
 * - A message above `maxPayloadLength` closes without a close frame, so that limit is set wider than the one
 *   viewers are told, which the session enforces with an answer.
 * - Pings keep alive whoever answers them: browsers do by themselves, also in hidden pages.
 */
import {
  App,
  DISABLED,
  type HttpRequest,
  type HttpResponse,
  type TemplatedApp,
  type WebSocket,
  us_listen_socket_close,
  type us_listen_socket,
  us_socket_local_port,
} from 'uWebSockets.js';
import { assert } from '../core/assert.ts';
import { EngineError } from '../core/errors.ts';
import { WS_PATH } from '../core/limits.ts';
import { SUBPROTOCOL } from '../protocol/messages.ts';
import type { EdgePorts } from './edge-context.ts';
import { addressKeyOfBytes, addressKeyOfForwarded } from './client-address.ts';
import { ConnectionCount } from './connection-count.ts';
import { Edge } from './edge.ts';
import type { Session } from './session.ts';
import { EDGE_TUNING, type EdgeSettings } from './settings.ts';
import type { Socket } from './socket.ts';
import { UPGRADE_REQUIRED, checkUpgrade } from './upgrade-check.ts';

const FREE_PORT_ATTEMPTS = 5;

/** Lives on the socket. `session` is undefined for a connection that was one too many. */
interface SocketData {
  readonly address: string;
  session: Session | undefined;
}

type Ws = WebSocket<SocketData>;

export interface EdgeServer {
  readonly edge: Edge;
  readonly port: number;
  /** Closes every connection with the code, and the app; when it settles nothing holds the thread any more. */
  stop(closeCode: number): Promise<void>;
}

export interface EdgeServerOptions extends EdgePorts {
  readonly edge: number;
  readonly settings: EdgeSettings;
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
}

/** Throws EngineError UNAVAILABLE when the port cannot be listened on. */
export function startEdgeServer(options: EdgeServerOptions): EdgeServer {
  const { settings, clock } = options;
  const app = App();
  const count = new ConnectionCount({
    max: settings.maxConnections,
    perAddressMax: settings.maxConnectionsPerAddress,
  });
  const edge = new Edge({
    ...options,
    publish: (topic, frame) => void app.publish(topic, frame, true),
    defer: (run) => void setImmediate(run),
  });

  app.ws<SocketData>(WS_PATH, {
    maxPayloadLength: settings.maxFrameBytes * 4,
    maxBackpressure: settings.maxBackpressureBytes,
    idleTimeout: Math.ceil(settings.idleTimeoutMs / 1000),
    sendPingsAutomatically: true,
    compression: DISABLED,
    upgrade: (res, req, context) => {
      const verdict = checkUpgrade(
        {
          host: req.getHeader('host'),
          origin: req.getHeader('origin'),
          protocols: req.getHeader('sec-websocket-protocol'),
          connection: req.getHeader('connection'),
          upgrade: req.getHeader('upgrade'),
          version: req.getHeader('sec-websocket-version'),
        },
        settings.allowedOrigins,
      );
      if (!verdict.ok) {
        refuse(res, verdict.status, verdict.body);
        return;
      }
      const data: SocketData = { address: addressOf(res, req, settings.trustProxy), session: undefined };
      res.upgrade(
        data,
        req.getHeader('sec-websocket-key'),
        SUBPROTOCOL,
        req.getHeader('sec-websocket-extensions'),
        context,
      );
    },
    open(ws) {
      const data = ws.getUserData();
      const code = edge.stoppingWith ?? count.add(data.address);
      if (code === null) data.session = edge.opened(new UwsSocket(ws, settings.maxBackpressureBytes));
      else ws.end(code);
    },
    message(ws, message, isBinary) {
      const { session } = ws.getUserData();
      if (session !== undefined) edge.received(session, new Uint8Array(message), isBinary);
    },
    ping(ws) {
      const { session } = ws.getUserData();
      if (session !== undefined) edge.pinged(session);
    },
    pong(ws) {
      const { session } = ws.getUserData();
      if (session !== undefined) edge.pinged(session);
    },
    dropped(ws) {
      const { session } = ws.getUserData();
      if (session !== undefined) edge.dropped(session);
    },
    drain(ws) {
      const { session } = ws.getUserData();
      if (session !== undefined) edge.drained(session);
    },
    close(ws) {
      const { session, address } = ws.getUserData();
      if (session === undefined) return;
      edge.closed(session);
      count.remove(address);
    },
  });
  app.get('/healthz', (res) => void res.writeHeader('content-type', 'text/plain').end('ok'));
  app.any(WS_PATH, (res) => refuse(res, UPGRADE_REQUIRED, 'This is a WebSocket.'));
  app.any('/*', (res) => void res.writeStatus('404 Not Found').end('There is nothing here.'));

  const listening = listen(app, options);
  let stopped: Promise<void> | undefined;
  const stop = async (closeCode: number): Promise<void> => {
    us_listen_socket_close(listening);
    try {
      edge.stop(closeCode);
      // Tearing a socket down at once could reset the connection before its close frame was read.
      await new Promise<void>((resolve) => void clock.after(EDGE_TUNING.stopLingerMs, resolve));
    } finally {
      // Also after a failure: a thread that ends while the app is open takes the process with it.
      app.close();
      edge.dispose();
    }
  };
  return {
    edge,
    port: us_socket_local_port(listening),
    stop: (closeCode) => (stopped ??= stop(closeCode)),
  };
}

/** Answers and closes. */
function refuse(res: HttpResponse, status: string, body: string): void {
  res.writeStatus(status);
  if (status === UPGRADE_REQUIRED)
    res.writeHeader('upgrade', 'websocket').writeHeader('sec-websocket-version', '13');
  res.end(body, true);
}

/**
 * A port is shared by threads only if each of them asked for it by number: uWebSockets.js does not set
 * SO_REUSEPORT on port 0. So a free port is found first and then listened on; in between somebody may take it.
 */
function listen(app: TemplatedApp, at: { readonly host: string; readonly port: number }): us_listen_socket {
  for (let attempt = 1; attempt <= FREE_PORT_ATTEMPTS; attempt++) {
    const port = at.port === 0 ? freePort(app, at.host) : at.port;
    const listening = port === undefined ? undefined : tryListen(app, at.host, port);
    if (listening !== undefined) return listening;
    if (at.port !== 0) break;
  }
  throw new EngineError('UNAVAILABLE', { message: `cannot listen on ${at.host}:${at.port}` });
}

function freePort(app: TemplatedApp, host: string): number | undefined {
  const probe = tryListen(app, host, 0);
  if (probe === undefined) return undefined;
  const port = us_socket_local_port(probe);
  us_listen_socket_close(probe);
  return port;
}

function tryListen(app: TemplatedApp, host: string, port: number): us_listen_socket | undefined {
  let listening: us_listen_socket | false = false;
  app.listen(host, port, (socket) => {
    listening = socket;
  });
  return listening === false ? undefined : listening;
}

function addressOf(res: HttpResponse, req: HttpRequest, trustProxy: boolean): string {
  const forwarded = trustProxy ? addressKeyOfForwarded(req.getHeader('x-forwarded-for')) : undefined;
  return forwarded ?? addressKeyOfBytes(new Uint8Array(res.getRemoteAddress()));
}

/** `send` answers 2 when the message was dropped; 0 means that it was taken and waits. */
const DROPPED = 2;

class UwsSocket implements Socket {
  readonly #ws: Ws;
  readonly #maxBackpressureBytes: number;

  constructor(ws: Ws, maxBackpressureBytes: number) {
    this.#ws = ws;
    this.#maxBackpressureBytes = maxBackpressureBytes;
  }

  send(frame: Uint8Array): boolean {
    return this.#ws.send(frame, true) !== DROPPED;
  }

  bufferedBytes(): number {
    return this.#ws.getBufferedAmount();
  }

  subscribe(topic: string): void {
    assert(this.#ws.subscribe(topic), 'a socket that is open can subscribe');
  }

  unsubscribe(topic: string): void {
    this.#ws.unsubscribe(topic);
  }

  end(closeCode: number): void {
    if (this.#ws.getBufferedAmount() > this.#maxBackpressureBytes) this.#ws.close();
    else this.#ws.end(closeCode);
  }
}
