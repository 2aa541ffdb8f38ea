/**
 * One simulated viewer on the wire: connects, authenticates, follows a round, opens a stream and pays with real words;
 * connects again when it lost the connection, and attaches its stream. It looks at no more of a frame than it has to:
 * fifteen thousand of them live in one process, beside the engine they are to measure.
 */
import { RawWebSocket, type WebSocketTarget } from '../../loadtest/wire/raw-web-socket.ts';
import { accountOfPublicKey } from '../../src/core/account-key.ts';
import { toHex } from '../../src/core/bytes.ts';
import type { AccountId, RoundId, StreamId } from '../../src/core/ids.ts';
import { sats } from '../../src/core/sats.ts';
import { ripemd160, sha256 } from '../../src/platform/hash.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { nativeSignatures } from '../../src/platform/signatures.ts';
import { encodeClient } from '../../src/protocol/client-codec.ts';
import { u16At, u32At } from '../../src/protocol/layout.ts';
import { type ErrorMessage, FRAME, type ServerMessage } from '../../src/protocol/messages.ts';
import { decodeServer } from '../../src/protocol/server-codec.ts';
import { authBytes, encodeCommitment } from '../../src/voucher/commitment.ts';
import { HashChain } from '../../src/voucher/hash-chain.ts';

/** What the crowd wants to know of a viewer. Called for every frame of its kind, so they are cheap. */
export interface ViewerWatch {
  /** A keyframe or a delta came. */
  state(viewer: LiveViewer, epoch: number): void;
  /** It follows its round and its stream was granted: for the first time, or again. */
  granted(viewer: LiveViewer): void;
  /** What is durable: highest index of each chain. */
  paid(viewer: LiveViewer, giftIndex: number): void;
  /** An error, or an end that nobody asked for. */
  failed(viewer: LiveViewer, what: string): void;
  lost(viewer: LiveViewer): void;
}

/** Words of the chains of 1 sat (a second) and of 1,000 sats (gifts); those of gifts are made for those who give. */
export interface ViewerOptions {
  readonly target: WebSocketTarget;
  readonly roundId: RoundId;
  readonly watchWords: number;
  readonly giftWords: number;
  readonly watch: ViewerWatch;
}

const UNITS = [1, 1_000] as const;
const GIFT_CHAIN = 1;
const REF = { JOIN: 1, STREAM: 2 } as const;
const NEVER_MS = 4_000_000_000_000;

export class LiveViewer {
  readonly account: AccountId;
  readonly holdSats: number;
  readonly #options: ViewerOptions;
  readonly #privateKey: Uint8Array = systemRandom.bytes(32);
  readonly #publicKey: Uint8Array;
  readonly #streamId: StreamId = toHex(systemRandom.bytes(16)) as StreamId;
  readonly #chains: readonly HashChain[];
  #socket: RawWebSocket | null = null;
  /** Of the connection. */
  #nonce: Uint8Array = new Uint8Array(0);
  /** Number of the stream on the connection; 0: it is not granted there. */
  #stream = 0;
  #opened = false;
  #following = false;
  #epoch = 0;
  #seq = 0;
  #watchIndex = 0;
  #giftIndex = 0;

  constructor(options: ViewerOptions) {
    this.#options = options;
    this.#publicKey = nativeSignatures.publicKey(this.#privateKey);
    this.account = accountOfPublicKey(this.#publicKey, { sha256, ripemd160 });
    this.#chains = [options.watchWords, options.giftWords].map((length) =>
      HashChain.fromSeed({ seed: systemRandom.bytes(32), length, sha256 }),
    );
    this.holdSats = options.watchWords * UNITS[0] + options.giftWords * UNITS[1];
  }

  /** Follows its round and can pay. */
  get ready(): boolean {
    return this.#following && this.#stream !== 0;
  }

  get giftIndex(): number {
    return this.#giftIndex;
  }

  connect(): void {
    this.#stream = 0;
    this.#following = false;
    const socket = new RawWebSocket(this.#options.target, {
      opened: () => undefined,
      received: (bytes, from, to) => this.#received(bytes, from, to),
      closed: () => {
        if (this.#socket !== socket) return;
        this.#socket = null;
        this.#stream = 0;
        this.#options.watch.lost(this);
      },
    });
    this.#socket = socket;
  }

  /** As when the network is gone: without a word. */
  drop(): void {
    this.#socket?.destroy();
  }

  /** Leaves for good; nobody is told. */
  leave(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#stream = 0;
    socket?.destroy();
  }

  /** One second of watching. False: it cannot pay now. */
  pay(): boolean {
    const chain = this.#chains[0];
    if (this.#stream === 0 || chain === undefined || this.#watchIndex >= chain.length) return false;
    const index = ++this.#watchIndex;
    const reveal = { chain: 0, index, word: chain.word(index) };
    this.#send({ type: FRAME.PAY, stream: this.#stream, target: 0, reveal });
    return true;
  }

  /** 1,000 sats; the index by which its acknowledgement is known, 0 when it cannot give now. */
  give(): number {
    const chain = this.#chains[GIFT_CHAIN];
    if (this.#stream === 0 || chain === undefined || this.#giftIndex >= chain.length) return 0;
    const index = ++this.#giftIndex;
    const reveals = [{ chain: GIFT_CHAIN, index, word: chain.word(index) }];
    this.#send({ type: FRAME.GIFT, stream: this.#stream, target: 0, reveals });
    return index;
  }

  #send(message: Parameters<typeof encodeClient>[0]): void {
    this.#socket?.send(encodeClient(message));
  }

  #received(bytes: Uint8Array, from: number, to: number): void {
    const type = bytes[from];
    if (type === FRAME.KEYFRAME || type === FRAME.DELTA) {
      this.#epoch = u32At(bytes, from + 5);
      this.#seq = u32At(bytes, from + 9);
      this.#options.watch.state(this, this.#epoch);
    } else if (type === FRAME.PAID) {
      if (u16At(bytes, from + 1) !== this.#stream) return;
      this.#options.watch.paid(this, u32At(bytes, from + 4 + 4 * GIFT_CHAIN));
    } else {
      const decoded = decodeServer(bytes.subarray(from, to));
      if (decoded.ok) this.#act(decoded.message);
      else this.#options.watch.failed(this, decoded.code);
    }
  }

  #act(message: ServerMessage): void {
    switch (message.type) {
      case FRAME.WELCOME:
        this.#nonce = message.nonce;
        this.#authenticate();
        return;
      case FRAME.READY:
        this.#join();
        return;
      case FRAME.JOINED:
        this.#following = true;
        if (this.ready) this.#options.watch.granted(this);
        return;
      case FRAME.STREAM:
        this.#stream = message.stream;
        this.#opened = true;
        if (this.ready) this.#options.watch.granted(this);
        return;
      case FRAME.ERROR:
        this.#options.watch.failed(this, codeOf(message));
        return;
      case FRAME.ENDED:
        this.#options.watch.failed(this, `ended: ${message.reason}`);
        return;
      default:
        return;
    }
  }

  #authenticate(): void {
    const signature = this.#sign(authBytes('dev', this.#nonce));
    this.#send({ type: FRAME.AUTH, publicKey: this.#publicKey, signature, agent: 'bench' });
  }

  #join(): void {
    const { roundId: round } = this.#options;
    const resume = this.#seq === 0 ? null : { epoch: this.#epoch, seq: this.#seq };
    this.#send({ type: FRAME.JOIN, ref: REF.JOIN, round, resume });
    if (this.#opened) {
      this.#send({ type: FRAME.ATTACH, ref: REF.STREAM, round, streamId: this.#streamId });
    } else this.#open(round);
  }

  #open(round: RoundId): void {
    const commitment = encodeCommitment({
      version: 1,
      network: 'dev',
      streamId: this.#streamId,
      payer: this.account,
      roundId: round,
      chains: this.#chains.map(({ anchor, length }, chain) => ({
        unitSats: sats(UNITS[chain] ?? 1),
        length,
        anchor,
      })),
      rateSatsPerSecond: 1,
      notBeforeMs: 0,
      expiryMs: NEVER_MS,
      nonce: this.#nonce,
    });
    const { holdSats } = this;
    const signature = this.#sign(commitment);
    this.#send({ type: FRAME.OPEN, ref: REF.STREAM, commitment, signature, name: 'Bench', holdSats });
  }

  #sign(bytes: Uint8Array): Uint8Array {
    return nativeSignatures.sign(sha256(bytes), this.#privateKey);
  }
}

function codeOf({ code, frame }: ErrorMessage): string {
  return `${code} of frame ${frame}`;
}
