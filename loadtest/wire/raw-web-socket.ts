/**
 * A WebSocket client (RFC 6455) that costs as little as Node allows, for thousands of connections of one process over
 * loopback: plain `ws://`, no extensions, no fragments, no timers. One buffer is read into for all sockets, and one is
 * written from.
 *
 * Frames are masked, as a client's have to be, with the key 0: what the mask protects (caches in between, against
 * pages) is not there on loopback, the server does the same work for every key, and the bytes stay as they are.
 */
import { createHash, randomBytes } from 'node:crypto';
import { type Socket, connect } from 'node:net';
import { assert } from '../../src/core/assert.ts';
import { type FrameSink, ServerFrameParser } from './server-frames.ts';

/** Who uses a socket. `closed` is called once, whatever happened, and nothing after it. */
export interface WebSocketListener {
  opened(): void;
  /** `bytes[from..to)` is one message, valid only during the call. */
  received(bytes: Uint8Array, from: number, to: number, isText: boolean): void;
  /** The server's close code; 1006: the connection ended without one, or never opened. `reason` is for people. */
  closed(code: number, reason: string): void;
}

export interface WebSocketTarget {
  readonly host: string;
  readonly port: number;
  /** Path and query. */
  readonly path: string;
  readonly subprotocol?: string;
}

/** Throws when it is not a `ws:` URL. */
export function webSocketTarget(url: string, subprotocol?: string): WebSocketTarget {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  if (protocol !== 'ws:') throw new Error(`${url}: only ws:// is spoken here`);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const target = { host, port: port === '' ? 80 : Number(port), path: pathname + search };
  return subprotocol === undefined ? target : { ...target, subprotocol };
}

const NORMAL = 1000;
const NO_CODE = 1005;
const LOST = 1006;
const OPCODE = { TEXT: 0x81, BINARY: 0x82, CLOSE: 0x88, PONG: 0x8a } as const;
const MASKED = 0x80;
const HEAD_BYTES_MAX = 8;
const SCRATCH_BYTES = 4_096;
const HANDSHAKE_BYTES_MAX = 8_192;

/** Read into for every socket of the process: a read ends before the next one begins. */
const readBuffer = new Uint8Array(65_536);
/** Written from while the kernel takes bytes at once; replaced when it keeps one waiting. */
let scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
/** One key for all handshakes: it only shows that the other side speaks WebSocket. */
const key = randomBytes(16).toString('base64');
const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

/**
 * Local addresses that connections over loopback have by turns: Linux has all of 127.0.0.0/8. With one, a fifth of the
 * generator's time went into the search for a free port while 15,000 viewers connected.
 */
const SOURCES = 16;
let connections = 0;

function sourceFor(host: string): { readonly localAddress?: string } {
  if (process.platform !== 'linux' || !host.startsWith('127.')) return {};
  return { localAddress: `127.0.0.${1 + (connections++ % SOURCES)}` };
}

export class RawWebSocket implements FrameSink {
  readonly #socket: Socket;
  readonly #listener: WebSocketListener;
  readonly #subprotocol: string | undefined;
  readonly #parser: ServerFrameParser = new ServerFrameParser(this);
  /** What was read of the answer to the handshake; null once it is through. */
  #handshake: string | null = '';
  #closeCode = LOST;
  #reason = '';
  #ending = false;
  #readsOnce = false;

  constructor(target: WebSocketTarget, listener: WebSocketListener) {
    this.#listener = listener;
    this.#subprotocol = target.subprotocol;
    this.#socket = connect({
      host: target.host,
      port: target.port,
      ...sourceFor(target.host),
      noDelay: true,
      onread: { buffer: readBuffer, callback: (count, bytes) => this.#read(bytes, count) },
    });
    this.#socket.on('connect', () => this.#socket.write(request(target)));
    this.#socket.on('error', (error) => {
      this.#reason ||= error.message;
    });
    this.#socket.on('close', () => listener.closed(this.#closeCode, this.#reason));
  }

  get open(): boolean {
    return this.#handshake === null && !this.#ending && this.#socket.writable;
  }

  /** Bytes that the kernel has not taken. */
  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  /** One binary message; the bytes are free again on return. False when the socket is not open. */
  send(bytes: Uint8Array): boolean {
    return this.open && this.#write(OPCODE.BINARY, bytes);
  }

  sendText(text: string): boolean {
    return this.open && this.#write(OPCODE.TEXT, Buffer.from(text));
  }

  /** Says goodbye; `closed` follows when the server has answered. */
  close(code: number = NORMAL): void {
    if (this.open) this.#write(OPCODE.CLOSE, Uint8Array.of(code >> 8, code & 0xff));
    this.#ending = true;
  }

  /** Ends the connection without a word, as a lost one does. */
  destroy(): void {
    this.#ending = true;
    this.#socket.destroy();
  }

  /** Reads nothing any more: what the server sends fills the buffers of the kernel, and then its own. */
  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#readsOnce = false;
    this.#socket.resume();
  }

  /** Reads what is there, or the next that comes, all in one; then nothing until this is called again. */
  readOnce(): void {
    this.#readsOnce = true;
    this.#socket.resume();
  }

  /* ---- what the parser finds ---- */

  onMessage(bytes: Uint8Array, from: number, to: number, isText: boolean): void {
    if (!this.#ending) this.#listener.received(bytes, from, to, isText);
  }

  onPing(bytes: Uint8Array, from: number, to: number): void {
    if (this.open) this.#write(OPCODE.PONG, bytes.subarray(from, to));
  }

  onClose(code: number): void {
    this.#closeCode = code;
    this.close(code === NO_CODE ? NORMAL : code);
    this.#socket.end();
  }

  #read(bytes: Uint8Array, count: number): boolean {
    if (this.#handshake === null) this.#parse(bytes, 0, count);
    else this.#readHandshake(bytes, count);
    return !this.#readsOnce; // false: the socket is paused
  }

  #parse(bytes: Uint8Array, from: number, to: number): void {
    if (!this.#parser.push(bytes, from, to)) this.#fail('the server broke RFC 6455');
  }

  #readHandshake(bytes: Uint8Array, count: number): void {
    const before = this.#handshake?.length ?? 0;
    const answer = (this.#handshake ?? '') + Buffer.from(bytes.buffer, 0, count).toString('latin1');
    const end = answer.indexOf('\r\n\r\n');
    if (end < 0) {
      this.#handshake = answer;
      if (answer.length > HANDSHAKE_BYTES_MAX) this.#fail('the handshake does not end');
      return;
    }
    const head = answer.slice(0, end);
    if (!head.startsWith('HTTP/1.1 101 ') || !head.includes(accept)) {
      this.#fail(`the handshake was refused: ${head.split('\r\n', 1)[0] ?? ''}`);
      return;
    }
    if (this.#subprotocol !== undefined && !head.includes(`: ${this.#subprotocol}`)) {
      this.#fail('the server does not speak the subprotocol');
      return;
    }
    this.#handshake = null;
    this.#listener.opened();
    const from = end + 4 - before;
    if (from < count) this.#parse(bytes, from, count);
  }

  #fail(reason: string): void {
    this.#reason ||= reason;
    this.destroy();
  }

  #write(opcode: number, payload: Uint8Array): true {
    const size = payload.length;
    assert(size <= 0xffff, 'a client has no longer messages');
    const waits = this.#socket.writableLength > 0;
    const fits = size + HEAD_BYTES_MAX <= SCRATCH_BYTES;
    const out = waits || !fits ? Buffer.allocUnsafe(size + HEAD_BYTES_MAX) : scratch;
    const head = size < 126 ? 6 : HEAD_BYTES_MAX;
    out[0] = opcode;
    out[1] = MASKED | (size < 126 ? size : 126);
    if (head === HEAD_BYTES_MAX) out.writeUInt16BE(size, 2);
    out.fill(0, head - 4, head);
    out.set(payload, head);
    this.#socket.write(out.subarray(0, head + size));
    if (out === scratch && this.#socket.writableLength > 0) scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
    return true;
  }
}

function request({ host, port, path, subprotocol }: WebSocketTarget): string {
  const protocol = subprotocol === undefined ? '' : `Sec-WebSocket-Protocol: ${subprotocol}\r\n`;
  return (
    `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${protocol}\r\n`
  );
}
