/** An edge on real sockets with a manual clock and a fake shard, and clients for it. */
import net from 'node:net';
import { WebSocket } from 'ws';
import { ManualClock } from '../../actors/testing/manual-clock.ts';
import { portPair } from '../../actors/testing/port-pair.ts';
import { Collector } from '../../actors/testing/collector.ts';
import type { EdgeToShard, ShardToEdge } from '../../actors/messages.ts';
import { assert } from '../../core/assert.ts';
import type { RoundId } from '../../core/ids.ts';
import { ripemd160, sha256 } from '../../platform/hash.ts';
import { createLogger } from '../../platform/logger.ts';
import { systemRandom } from '../../platform/random.ts';
import { nativeSignatures } from '../../platform/signatures.ts';
import { FRAME, SUBPROTOCOL, type ServerMessage } from '../../protocol/messages.ts';
import { decodeServer } from '../../protocol/server-codec.ts';
import type { EdgeSettings } from '../settings.ts';
import { type EdgeServer, startEdgeServer } from '../uws-server.ts';
import { FakeShard } from './fake-shard.ts';
import { HANDLE, ROUND, START_MS, TEST_SETTINGS } from './rig.ts';
import { WireViewer } from './wire-viewer.ts';

export class RealEdge {
  readonly clock: ManualClock = new ManualClock(START_MS);
  readonly server: EdgeServer;
  readonly shard: FakeShard;

  constructor(settings: Partial<EdgeSettings> = {}) {
    this.server = startEdgeServer({
      edge: 3,
      settings: { ...TEST_SETTINGS, ...settings },
      host: '127.0.0.1',
      port: 0,
      clock: this.clock,
      random: systemRandom,
      hashes: { sha256, ripemd160 },
      signatures: nativeSignatures,
      logger: createLogger({ level: 'silent', room: 'test' }),
    });
    const [toShard, toEdge] = portPair<EdgeToShard, ShardToEdge>();
    this.shard = new FakeShard(toEdge);
    this.server.edge.command({ kind: 'link', shard: 0, port: toShard });
    const place = { handle: HANDLE, roundId: ROUND as RoundId, shard: 0 };
    this.server.edge.command({ kind: 'place', place });
  }

  get url(): string {
    return `http://127.0.0.1:${this.server.port}`;
  }

  async stop(closeCode = 4000): Promise<void> {
    const stopped = this.server.stop(closeCode);
    this.clock.advance(1_000);
    await stopped;
  }
}

/** A client on the `ws` package. */
export class Client {
  readonly messages: Collector<ServerMessage> = new Collector();
  readonly ws: WebSocket;
  /** The code of the close; never rejects. */
  readonly closed: Promise<number>;
  readonly viewer: WireViewer;

  constructor(port: number, options: { viewer?: WireViewer; headers?: Record<string, string> } = {}) {
    const { viewer = new WireViewer(), headers = {} } = options;
    this.viewer = viewer;
    this.ws = new WebSocket(`ws://127.0.0.1:${port}/v1/ws`, SUBPROTOCOL, { headers });
    this.ws.on('message', (data: Buffer) => {
      const decoded = decodeServer(data);
      assert(decoded.ok, 'an edge sends valid frames');
      this.messages.add(decoded.message);
    });
    this.closed = new Promise((resolve) => {
      this.ws.on('close', (code) => resolve(code));
      this.ws.on('error', () => resolve(-1));
    });
  }

  next<T extends ServerMessage['type']>(type: T): Promise<Extract<ServerMessage, { type: T }>> {
    return this.messages.next((message) => (isType(message, type) ? message : undefined));
  }

  async ready(): Promise<Uint8Array> {
    const { nonce } = await this.next(FRAME.WELCOME);
    this.ws.send(this.viewer.auth(nonce));
    await this.next(FRAME.READY);
    return nonce;
  }
}

function isType<T extends ServerMessage['type']>(
  message: ServerMessage,
  type: T,
): message is Extract<ServerMessage, { type: T }> {
  return message.type === type;
}

/** A client on a bare TCP socket: it can stop reading, and send what no library would. */
export class RawClient {
  readonly messages: Collector<ServerMessage> = new Collector();
  readonly viewer: WireViewer = new WireViewer();
  readonly socket: net.Socket;
  /** Of the close frame; null while there was none. */
  closeCode: number | null = null;
  /** The connection has ended, with a close frame or without. */
  readonly ended: Promise<void>;
  #received = Buffer.alloc(0);
  #upgraded = false;

  constructor(port: number) {
    this.socket = net.connect({ port, host: '127.0.0.1' });
    const head = ['GET /v1/ws HTTP/1.1', 'Host: x', 'Upgrade: websocket', 'Connection: Upgrade'];
    head.push(`Sec-WebSocket-Protocol: ${SUBPROTOCOL}`, 'Sec-WebSocket-Version: 13');
    head.push('Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '', '');
    this.socket.write(head.join('\r\n'));
    this.socket.on('data', (data) => this.#take(data));
    this.ended = new Promise((resolve) => {
      this.socket.on('error', () => this.socket.destroy()); // a reset is an end too
      this.socket.on('close', () => resolve());
    });
  }

  next<T extends ServerMessage['type']>(type: T): Promise<Extract<ServerMessage, { type: T }>> {
    return this.messages.next((message) => (isType(message, type) ? message : undefined));
  }

  async ready(): Promise<Uint8Array> {
    const { nonce } = await this.next(FRAME.WELCOME);
    this.send(this.viewer.auth(nonce));
    await this.next(FRAME.READY);
    return nonce;
  }

  /** One final, masked frame of up to 65,535 bytes. */
  send(payload: Uint8Array, opcode = 2): void {
    const { length } = payload;
    const size = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff];
    this.socket.write(Uint8Array.of(0x80 | opcode, ...size, 0, 0, 0, 0, ...payload));
  }

  #take(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data]);
    if (!this.#upgraded) {
      const end = this.#received.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.#upgraded = true;
      this.#received = this.#received.subarray(end + 4);
    }
    let at = 0;
    for (let next = this.#frameAt(at); next > 0; next = this.#frameAt(at)) at = next;
    this.#received = this.#received.subarray(at);
  }

  /** Reads the frame at an offset; where the next one starts, or 0 when this one is not all here. */
  #frameAt(at: number): number {
    const bytes = this.#received;
    if (bytes.length < at + 4) return 0;
    const short = bytes.readUInt8(at + 1);
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < at + head) return 0;
    const size =
      short < 126
        ? short
        : short === 126
          ? bytes.readUInt16BE(at + 2)
          : Number(bytes.readBigUInt64BE(at + 2));
    const end = at + head + size;
    if (bytes.length < end) return 0;
    const payload = bytes.subarray(at + head, end);
    const opcode = bytes.readUInt8(at) & 0x0f;
    if (opcode === 8) this.closeCode = payload.readUInt16BE(0);
    if (opcode !== 2) return end;
    const decoded = decodeServer(payload);
    assert(decoded.ok, 'an edge sends valid frames');
    this.messages.add(decoded.message);
    return end;
  }
}
