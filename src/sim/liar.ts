/**
 * A viewer with a protocol of its own: pays a little, and tries everything that must not work. Replayed, forged, early
 * and too many words, words of another stream, gifts that are wrong in one half, OPEN again on another connection,
 * somebody else's stream, two connections with one key, votes and claps again, rubbish. Whatever it reveals that is
 * genuine may be charged; nothing else may.
 */
import type { Socket } from '../client/socket.ts';
import { type Identity, newIdentity } from '../client/identity.ts';
import { toHex } from '../core/bytes.ts';
import type { RoundId, StreamId } from '../core/ids.ts';
import { sats } from '../core/sats.ts';
import { sha256 } from '../platform/hash.ts';
import { nativeSignatures } from '../platform/signatures.ts';
import { encodeClient } from '../protocol/client-codec.ts';
import { type ClientMessage, FRAME, type OpenMessage, SUBPROTOCOL } from '../protocol/messages.ts';
import { decodeServer } from '../protocol/server-codec.ts';
import type { RoundTerms } from '../round/terms.ts';
import { authBytes, encodeCommitment } from '../voucher/commitment.ts';
import { HashChain } from '../voucher/hash-chain.ts';
import type { WordReveal } from '../voucher/types.ts';
import type { Chance } from './chance.ts';
import type { SimViewer } from './honest-viewer.ts';
import type { Network } from './network.ts';
import type { ViewerPlan } from './plan.ts';
import type { RunContext } from './run-context.ts';
import { Life } from './scheduler.ts';
import { EPOCH_MS } from './sim-clock.ts';

interface LiarStream {
  readonly streamId: StreamId;
  readonly terms: RoundTerms;
  readonly chains: readonly HashChain[];
  readonly indexes: number[];
  /** What opened it, and where: the commitment is good on that connection only. */
  opened: { readonly on: LiarConnection; readonly message: OpenMessage } | null;
}

interface LiarConnection {
  readonly socket: Socket;
  readonly numbers: Map<number, LiarStream>;
  nonce: Uint8Array;
  ready: boolean;
  closed: boolean;
}

const LENGTHS = [700, 40] as const;
const UNITS = [1, 1_000] as const;

export class Liar implements SimViewer {
  readonly identity: Identity;
  readonly #context: RunContext;
  readonly #network: Network;
  readonly #plan: ViewerPlan;
  readonly #chance: Chance;
  readonly #life: Life;
  readonly #streams: LiarStream[] = [];
  #connections: LiarConnection[] = [];
  #lastRef = 0;
  /** Stream ids that liars tell each other. */
  readonly #gossip: StreamId[];
  #lastFrame: Uint8Array | null = null;

  constructor(
    context: RunContext,
    network: Network,
    plan: ViewerPlan,
    input: { no: number; gossip: StreamId[] },
  ) {
    this.#context = context;
    this.#network = network;
    this.#plan = plan;
    this.#gossip = input.gossip;
    this.#chance = context.chance.fork();
    this.#life = new Life(`liar-${input.no}`, context.world);
    this.identity = newIdentity({ random: this.#chance.asRandom(), sha256, signatures: nativeSignatures });
  }

  begin(): void {
    this.#connect();
    this.#actLater();
  }

  #actLater(): void {
    const delayMs = this.#chance.delay(Math.min(700, this.#plan.actEveryMs));
    this.#context.scheduler.after(this.#life, delayMs, 'lie', () => {
      this.#connections = this.#connections.filter(({ closed }) => !closed);
      const ready = this.#connections.filter((each) => each.ready);
      if (this.#connections.length === 0) this.#connect();
      else if (ready.length > 0) this.#act(this.#chance.pick(ready));
      this.#actLater();
    });
  }

  #connect(): void {
    const chance = this.#chance;
    const connection: LiarConnection = {
      socket: this.#network.opener(this.#life)('ws://sim', SUBPROTOCOL, {
        message: (frame) => this.#receive(connection, frame),
        close: () => {
          connection.closed = true;
        },
      }),
      numbers: new Map(),
      nonce: chance.asRandom().bytes(32),
      ready: false,
      closed: false,
    };
    this.#connections.push(connection);
  }

  #receive(connection: LiarConnection, frame: Uint8Array): void {
    if (frame[0] === FRAME.KEYFRAME || frame[0] === FRAME.DELTA) return;
    const decoded = decodeServer(frame);
    if (!decoded.ok) return;
    const { message } = decoded;
    if (message.type === FRAME.WELCOME) {
      connection.nonce = Uint8Array.from(message.nonce);
      const signature = nativeSignatures.sign(
        sha256(authBytes('dev', message.nonce)),
        this.identity.privateKey,
      );
      this.#send(connection, {
        type: FRAME.AUTH,
        publicKey: this.identity.publicKey,
        signature,
        agent: 'liar',
      });
    } else if (message.type === FRAME.READY) {
      connection.ready = true;
      for (const { terms } of this.#context.plan.rounds) {
        this.#send(connection, { type: FRAME.JOIN, ref: this.#ref(), round: terms.roundId, resume: null });
      }
      for (const stream of this.#streams) this.#attach(connection, stream.terms.roundId, stream.streamId);
    } else if (message.type === FRAME.STREAM) {
      const stream = this.#streams.find(({ streamId }) => streamId === message.streamId);
      if (stream !== undefined) connection.numbers.set(message.stream, stream);
    }
  }

  #ref(): number {
    return ++this.#lastRef;
  }

  #send(connection: LiarConnection, message: ClientMessage): void {
    const frame = encodeClient(message);
    this.#lastFrame = frame;
    connection.socket.send(frame);
  }

  #attach(connection: LiarConnection, round: RoundId, streamId: StreamId): void {
    this.#send(connection, { type: FRAME.ATTACH, ref: this.#ref(), round, streamId });
  }

  #act(connection: LiarConnection): void {
    const chance = this.#chance;
    const dice = chance.below(100);
    const held = [...connection.numbers];
    if (held.length === 0 || dice < 8) return this.#open(connection);
    const [number, stream] = chance.pick(held);
    const target = chance.below(stream.terms.participants.length + (chance.chance(0.05) ? 2 : 0));
    if (dice < 40) this.#pay(connection, number, { stream, target, ahead: chance.between(1, 2) });
    else if (dice < 46) this.#repeat(connection);
    else if (dice < 50) this.#pay(connection, number, { stream, target, ahead: -chance.between(0, 3) });
    else if (dice < 54) this.#pay(connection, number, { stream, target, ahead: chance.between(30, 400) });
    else if (dice < 57) this.#forge(connection, number, stream, target);
    else if (dice < 60) this.#payWithOther(connection, number, target);
    else if (dice < 68) this.#gift(connection, number, { stream, target, bad: chance.chance(0.3) });
    else if (dice < 74) this.#send(connection, { type: FRAME.VOTE, stream: number, target });
    else if (dice < 82) this.#clap(connection, number, stream, target);
    else if (dice < 85) this.#send(connection, { type: FRAME.WATCH, stream: number, target });
    else if (dice < 87) this.#send(connection, { type: FRAME.CLOSE, stream: number, ref: this.#ref() });
    else if (dice < 92) this.#openAgain(connection);
    else if (dice < 94) this.#attachOther(connection, stream.terms.roundId);
    else if (dice < 96) this.#connect();
    else if (dice < 97) connection.socket.send(chance.asRandom().bytes(chance.between(1, 60)));
    else this.#vanish(connection);
  }

  #open(connection: LiarConnection): void {
    const chance = this.#chance;
    const { terms } = chance.pick(this.#context.plan.rounds);
    const random = chance.asRandom();
    const chains = LENGTHS.map((length) => HashChain.fromSeed({ seed: random.bytes(32), length, sha256 }));
    const streamId = toHex(random.bytes(16)) as StreamId;
    const stream: LiarStream = { streamId, terms, chains, indexes: [0, 0], opened: null };
    this.#streams.push(stream);
    this.#gossip.push(streamId);
    const commitment = encodeCommitment({
      version: 1,
      network: 'dev',
      streamId,
      payer: this.identity.account,
      roundId: terms.roundId,
      chains: chains.map(({ anchor, length }, at) => ({ unitSats: sats(UNITS[at] ?? 1), anchor, length })),
      rateSatsPerSecond: terms.rateSatsPerSecond,
      notBeforeMs: EPOCH_MS - 60_000,
      expiryMs: EPOCH_MS + 3_600_000,
      nonce: connection.nonce,
    });
    const signature = nativeSignatures.sign(sha256(commitment), this.identity.privateKey);
    const holdSats = chance.pick([3, 500, 5_000, 20_000]);
    const message: OpenMessage = {
      type: FRAME.OPEN,
      ref: this.#ref(),
      commitment,
      signature,
      name: 'liar',
      holdSats,
    };
    stream.opened = { on: connection, message };
    this.#send(connection, message);
  }

  /** What was opened before, as it was or with another hold, which no signature covers. */
  #openAgain(connection: LiarConnection): void {
    const chance = this.#chance;
    const here = this.#streams.filter(({ opened }) => opened?.on === connection);
    const from = here.length > 0 && chance.chance(0.8) ? here : this.#streams;
    const message = from.length === 0 ? undefined : chance.pick(from).opened?.message;
    if (message === undefined) return;
    const holdSats = chance.chance(0.3) ? chance.pick([1, 900, 9_000]) : message.holdSats;
    this.#send(connection, { ...message, ref: this.#ref(), holdSats });
  }

  #attachOther(connection: LiarConnection, round: RoundId): void {
    this.#attach(connection, round, this.#chance.pick(this.#gossip));
  }

  #reveal(stream: LiarStream, chain: number, ahead: number): WordReveal {
    const length = LENGTHS[chain] ?? 1;
    const index = Math.min(length, Math.max(1, (stream.indexes[chain] ?? 0) + ahead));
    if (ahead > 0 && ahead < 10) stream.indexes[chain] = index;
    return { chain, index, word: (stream.chains[chain] as HashChain).word(index) };
  }

  #pay(
    connection: LiarConnection,
    number: number,
    {
      stream,
      target,
      ahead,
    }: { readonly stream: LiarStream; readonly target: number; readonly ahead: number },
  ): void {
    this.#send(connection, {
      type: FRAME.PAY,
      stream: number,
      target,
      reveal: this.#reveal(stream, 0, ahead),
    });
  }

  #forge(connection: LiarConnection, number: number, stream: LiarStream, target: number): void {
    const index = (stream.indexes[0] ?? 0) + 1;
    const reveal = { chain: 0, index, word: this.#chance.asRandom().bytes(32) };
    this.#send(connection, { type: FRAME.PAY, stream: number, target, reveal });
  }

  /** Words of another stream of its own: of another round, where there is one. */
  #payWithOther(connection: LiarConnection, number: number, target: number): void {
    const other = this.#chance.pick(this.#streams);
    const reveal = {
      chain: 0,
      index: 1 + (other.indexes[0] ?? 0),
      word: (other.chains[0] as HashChain).word(1),
    };
    this.#send(connection, { type: FRAME.PAY, stream: number, target, reveal });
  }

  #gift(
    connection: LiarConnection,
    number: number,
    { stream, target, bad }: { readonly stream: LiarStream; readonly target: number; readonly bad: boolean },
  ): void {
    const small = this.#reveal(stream, 0, this.#chance.between(1, 9));
    const large = this.#reveal(stream, 1, this.#chance.between(1, 2));
    const wrong = bad ? { ...large, word: this.#chance.asRandom().bytes(32) } : large;
    this.#send(connection, { type: FRAME.GIFT, stream: number, target, reveals: [small, wrong] });
  }

  #clap(connection: LiarConnection, number: number, stream: LiarStream, target: number): void {
    const count = this.#chance.pick([1, 5, 5, 5, 12, 1_000]);
    const frame: ClientMessage = {
      type: FRAME.CLAP,
      stream: number,
      target: target % stream.terms.participants.length,
      count,
    };
    this.#send(connection, frame);
    if (this.#chance.chance(0.3)) this.#send(connection, frame);
  }

  #repeat(connection: LiarConnection): void {
    if (this.#lastFrame !== null) connection.socket.send(this.#lastFrame);
  }

  #vanish(connection: LiarConnection): void {
    connection.closed = true;
    connection.socket.close(1006);
  }
}
