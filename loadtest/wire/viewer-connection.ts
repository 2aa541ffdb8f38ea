/**
 * The connections of one viewer, one after the other: says who it is, follows its round, and remembers where it was in
 * the round's state, so that the next connection goes on from there. State is not decoded.
 */
import { u32At } from '../../src/protocol/layout.ts';
import { encodeClient } from '../../src/protocol/client-codec.ts';
import {
  type ClientMessage,
  FRAME,
  type ServerMessage,
  type WelcomeMessage,
} from '../../src/protocol/messages.ts';
import { decodeServer } from '../../src/protocol/server-codec.ts';
import { authBytes } from '../../src/voucher/commitment.ts';
import { platform } from './person.ts';
import { RawWebSocket, type WebSocketListener } from './raw-web-socket.ts';
import type { ViewerSetup } from './viewer-setup.ts';

/** Whose connection it is. Bytes are valid only during the call. */
export interface ConnectionOwner {
  /** Every message, before it is looked at. */
  received(bytes: Uint8Array, from: number, to: number): void;
  /** The engine knows who it is, and requests can be made. */
  ready(): void;
  /** A KEYFRAME or DELTA. */
  state(bytes: Uint8Array, from: number, to: number): void;
  paid(bytes: Uint8Array, from: number): void;
  told(message: ServerMessage): void;
  /** A message that is none. */
  unreadable(): void;
  closed(code: number, reason: string): void;
}

export class ViewerConnection implements WebSocketListener {
  readonly #setup: ViewerSetup;
  readonly #owner: ConnectionOwner;
  #socket: RawWebSocket | null = null;
  #welcome: WelcomeMessage | null = null;
  #epoch = 0;
  #seq = 0;
  #ref = 0;

  constructor(setup: ViewerSetup, owner: ConnectionOwner) {
    this.#setup = setup;
    this.#owner = owner;
  }

  /** Null: there is none. */
  get socket(): RawWebSocket | null {
    return this.#socket;
  }

  /** What the engine said first on this connection; null: nothing yet. */
  get welcome(): WelcomeMessage | null {
    return this.#welcome;
  }

  /** Not while a connection is there. */
  connect(): void {
    this.#socket = new RawWebSocket(this.#setup.target, this);
  }

  /** Of a request. */
  nextRef(): number {
    this.#ref++;
    return this.#ref;
  }

  send(message: ClientMessage): void {
    this.#socket?.send(encodeClient(message));
  }

  /* ---- what its socket tells ---- */

  opened(): void {}

  received(bytes: Uint8Array, from: number, to: number): void {
    this.#owner.received(bytes, from, to);
    switch (bytes[from]) {
      case FRAME.KEYFRAME:
      case FRAME.DELTA:
        if (to - from < 13) return;
        // Enough to resume from, for one who does not read what is in it.
        this.#epoch = u32At(bytes, from + 5);
        this.#seq = u32At(bytes, from + 9);
        this.#owner.state(bytes, from, to);
        return;
      case FRAME.PAID:
        this.#owner.paid(bytes, from);
        return;
      default: {
        const decoded = decodeServer(bytes.subarray(from, to));
        if (decoded.ok) this.#take(decoded.message);
        else this.#owner.unreadable();
      }
    }
  }

  closed(code: number, reason: string): void {
    this.#socket = null;
    this.#welcome = null;
    this.#owner.closed(code, reason);
  }

  /* ---- inside ---- */

  #take(message: ServerMessage): void {
    if (message.type === FRAME.WELCOME) {
      this.#authenticate(message);
    } else if (message.type === FRAME.READY) {
      this.#join();
      this.#owner.ready();
    } else {
      this.#owner.told(message);
    }
  }

  #authenticate(welcome: WelcomeMessage): void {
    this.#welcome = welcome;
    const { publicKey, privateKey } = this.#setup.person;
    const challenge = platform.sha256(authBytes(welcome.network, welcome.nonce));
    const signature = platform.signatures.sign(challenge, privateKey);
    this.send({ type: FRAME.AUTH, publicKey, signature, agent: 'ringside-load' });
  }

  #join(): void {
    const resume = this.#epoch === 0 ? null : { epoch: this.#epoch, seq: this.#seq };
    const { roundId } = this.#setup.round;
    this.send({ type: FRAME.JOIN, ref: this.nextRef(), round: roundId, resume });
  }
}
