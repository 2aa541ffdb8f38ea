/** A WebSocket client on a bare TCP socket, so that it can send what no library would, and says what it was sent. */
import net from 'node:net';
import { FRAME, SUBPROTOCOL, type ServerMessage } from '../../../src/protocol/messages.ts';
import { decodeServer } from '../../../src/protocol/server-codec.ts';

export const OPCODE = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const;

export interface WireFrame {
  readonly opcode: number;
  readonly payload: Uint8Array;
  /** Default: the last of its message. */
  readonly fin?: boolean;
  /** Default: masked, as a client has to. */
  readonly masked?: boolean;
  /** Reserved bits, 0 to 7. */
  readonly rsv?: number;
}

export function wireBytes({ opcode, payload, fin = true, masked = true, rsv = 0 }: WireFrame): Uint8Array {
  const { length } = payload;
  const mark = masked ? 0x80 : 0;
  const size =
    length < 126
      ? [mark | length]
      : length < 65_536
        ? [mark | 126, length >> 8, length & 0xff]
        : [mark | 127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff];
  const mask = masked ? [0x11, 0x22, 0x33, 0x44] : [];
  const out = new Uint8Array(1 + size.length + mask.length + length);
  out.set([(fin ? 0x80 : 0) | (rsv << 4) | opcode, ...size, ...mask]);
  const at = out.length - length;
  for (let i = 0; i < length; i++) out[at + i] = (payload[i] ?? 0) ^ (mask[i % 4] ?? 0);
  return out;
}

export interface UpgradeOptions {
  readonly port: number;
  /** In place of the usual request. */
  readonly request?: string;
}

export const UPGRADE_REQUEST: string = [
  'GET /v1/ws HTTP/1.1',
  'Host: x',
  'Upgrade: websocket',
  'Connection: Upgrade',
  `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`,
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n',
].join('\r\n');

export class Wire {
  readonly socket: net.Socket;
  readonly messages: ServerMessage[] = [];
  readonly pongs: Uint8Array[] = [];
  /** Frames that no message of the protocol is. */
  readonly nonsense: string[] = [];
  /** Of the close frame; 1005 for an empty one, null while there was none. */
  closeCode: number | null = null;
  ended = false;
  /** What came before the upgrade was taken: the answer's head. */
  head = '';
  #received: Buffer = Buffer.alloc(0);
  #upgraded = false;
  #wake: (() => void)[] = [];

  constructor({ port, request = UPGRADE_REQUEST }: UpgradeOptions) {
    this.socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.write(request);
    this.socket.on('data', (data) => {
      this.#take(data);
      this.#stir();
    });
    this.socket.on('error', () => this.socket.destroy()); // a reset is an end too
    this.socket.on('close', () => {
      this.ended = true;
      this.#stir();
    });
  }

  send(payload: Uint8Array): void {
    this.frame({ opcode: OPCODE.BINARY, payload });
  }

  frame(frame: WireFrame): void {
    this.raw(wireBytes(frame));
  }

  raw(bytes: Uint8Array | string): void {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  /** A close frame, or the end of the TCP connection when there is no code. */
  close(code: number): void {
    this.frame({ opcode: OPCODE.CLOSE, payload: Uint8Array.of(code >> 8, code & 0xff) });
  }

  drop(): void {
    this.socket.destroy();
  }

  /** True when it held within the time; also looks again when the connection has ended. */
  until(holds: () => boolean, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (result: boolean): void => {
        clearTimeout(late);
        this.#wake = this.#wake.filter((other) => other !== look);
        resolve(result);
      };
      const look = (): void => {
        if (holds()) done(true);
      };
      const late = setTimeout(() => done(holds()), timeoutMs);
      this.#wake.push(look);
      look();
    });
  }

  #stir(): void {
    for (const look of this.#wake) look();
  }

  #take(data: Buffer): void {
    this.#received = this.#received.length === 0 ? data : Buffer.concat([this.#received, data]);
    if (!this.#upgraded) {
      const end = this.#received.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.head = this.#received.subarray(0, end).toString('latin1');
      if (!this.head.startsWith('HTTP/1.1 101')) return;
      this.#upgraded = true;
      this.#received = this.#received.subarray(end + 4);
    }
    for (let size = this.#frameSize(); size > 0; size = this.#frameSize()) {
      this.#frame(this.#received.subarray(0, size));
      this.#received = this.#received.subarray(size);
    }
  }

  /** Of the first frame; 0 while it is not all here. */
  #frameSize(): number {
    const bytes = this.#received;
    if (bytes.length < 2) return 0;
    const short = bytes.readUInt8(1) & 0x7f;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < head) return 0;
    const length =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    return bytes.length < head + length ? 0 : head + length;
  }

  #frame(frame: Buffer): void {
    const opcode = frame.readUInt8(0) & 0x0f;
    const short = frame.readUInt8(1) & 0x7f;
    const payload = Uint8Array.from(frame.subarray(short < 126 ? 2 : short === 126 ? 4 : 10));
    if ((frame.readUInt8(1) & 0x80) !== 0) this.nonsense.push('a masked frame');
    if (opcode === OPCODE.CLOSE) {
      this.closeCode = payload.length < 2 ? 1005 : ((payload[0] ?? 0) << 8) | (payload[1] ?? 0);
    } else if (opcode === OPCODE.PING) {
      this.frame({ opcode: OPCODE.PONG, payload });
    } else if (opcode === OPCODE.PONG) {
      this.pongs.push(payload);
    } else {
      const decoded = opcode === OPCODE.BINARY ? decodeServer(payload) : undefined;
      if (decoded?.ok === true) this.messages.push(decoded.message);
      else this.nonsense.push(`opcode ${opcode}: ${Buffer.from(payload).toString('hex')}`);
    }
  }
}

/** The last CLOCK says that everything before it was handled. */
export function hasClock(wire: Wire, token: number): boolean {
  return wire.messages.some((message) => message.type === FRAME.CLOCK && message.token === token);
}
