/**
 * One attacker: connections one after the other, each a sequence of steps drawn from its seed. What was wrong has to be
 * refused by its code, what was asked for has to be answered, and the end has to be the one for what was done.
 */
import { toHex } from '../../../src/core/bytes.ts';
import type { Prng } from '../../../src/core/prng.ts';
import type { WireViewer } from '../../../src/edge/testing/wire-viewer.ts';
import { decodeClient, encodeClient } from '../../../src/protocol/client-codec.ts';
import { FRAME, type ServerMessage } from '../../../src/protocol/messages.ts';
import { pick } from '../mutate.ts';
import { insist } from '../target.ts';
import { SessionModel } from './session-model.ts';
import { Wire, hasClock } from './wire.ts';

const ANSWER_MS_MAX = 12_000;
/** Below the burst that is allowed, so that only who wants to flood does. */
const MESSAGES_MAX = 80;
const CONNECTIONS_MAX = 3;
const STEPS_MAX = 24;

/** A viewer that several attackers may play at once. */
export interface Puppet {
  readonly viewer: WireViewer;
  /** Highest indexes revealed so far. */
  readonly tips: [number, number];
}

export interface SessionSurroundings {
  readonly port: number;
  readonly roundId: string;
  readonly puppet: Puppet;
  /** Frames to mutate. */
  readonly corpus: readonly Uint8Array[];
  /** What it can do; one that is wanted more often is there more often. */
  readonly steps: readonly Step[];
  /** Between two steps. */
  readonly pauseMs: number;
}

/** Answers whether the connection may be used after it. */
export type Step = (session: AttackSession) => Promise<boolean> | boolean;

export interface SessionCounts {
  steps: number;
  refused: number;
  accepted: number;
}

export class AttackSession {
  readonly around: SessionSurroundings;
  readonly random: Prng;
  readonly transcript: string[] = [];
  readonly counts: SessionCounts = { steps: 0, refused: 0, accepted: 0 };
  wire: Wire;
  model: SessionModel = new SessionModel();
  nonce: Uint8Array = new Uint8Array(32);
  isReady = false;
  #token = 0;
  #ref = 0;
  #sent = 0;

  constructor(around: SessionSurroundings, random: Prng) {
    this.around = around;
    this.random = random;
    this.wire = new Wire({ port: around.port });
  }

  async run(): Promise<void> {
    try {
      for (let no = 1 + this.random.below(CONNECTIONS_MAX); no > 0; no--) {
        await this.#connection();
        if (no > 1) this.#reconnect();
      }
    } finally {
      this.wire.drop();
    }
  }

  /** Number of the stream here, as far as the attacker knows; one that does not exist when it has none. */
  get stream(): number {
    const last = this.wire.messages.findLast(isStreamNews);
    return last?.type === FRAME.STREAM ? last.stream : 60_000;
  }

  newRef(): number {
    const ref = ++this.#ref;
    this.model.refs.add(ref);
    return ref;
  }

  say(what: string): void {
    this.transcript.push(what);
  }

  /** Sends any bytes as one message, and notes how they have to be answered. */
  send(frame: Uint8Array, what: string): void {
    this.say(`${what} ${toHex(frame.subarray(0, 200))}`);
    const decoded = decodeClient(frame);
    if (!decoded.ok) this.model.expected.push(decoded.code);
    else if (decoded.message.type === FRAME.AUTH) this.#expectAuth();
    else if (decoded.message.type !== FRAME.TIME && !this.isReady) {
      this.model.expected.push('NOT_AUTHENTICATED');
    }
    this.#sent++;
    this.wire.send(frame);
  }

  /** Not a binary message of its own: pings, fragments, violations. */
  raw(bytes: Uint8Array, what: string): void {
    this.say(`${what} ${toHex(bytes.subarray(0, 100))}`);
    this.#sent++;
    this.wire.raw(bytes);
  }

  /** False when the connection has ended, for a reason. */
  async barrier(): Promise<boolean> {
    const token = ++this.#token;
    const { wire, model } = this;
    this.#sent++;
    wire.send(encodeClient({ type: FRAME.TIME, token }));
    const here = await wire.until(() => wire.ended || hasClock(wire, token), ANSWER_MS_MAX);
    model.look(wire.messages);
    insist(wire.nonsense.length === 0, `was sent ${wire.nonsense.join(', ')}`);
    insist(here, 'TIME was not answered');
    if (wire.ended) {
      this.say(`closed ${String(wire.closeCode)}`);
      model.checkEnd(wire.closeCode);
      return false;
    }
    if (wire.messages.some(({ type }) => type === FRAME.READY)) this.isReady = true;
    model.checkAnswered();
    return true;
  }

  async pause(ms: number): Promise<void> {
    await new Promise((resolve) => void setTimeout(resolve, ms));
  }

  async #connection(): Promise<void> {
    const { wire } = this;
    const greeted = await wire.until(() => wire.ended || wire.messages.length > 0, ANSWER_MS_MAX);
    const [welcome] = wire.messages;
    insist(greeted && welcome?.type === FRAME.WELCOME, `no WELCOME, but ${wire.head.slice(0, 80)}`);
    this.nonce = welcome.nonce;
    if (this.random.chance(0.85)) {
      this.send(this.around.puppet.viewer.auth(this.nonce), 'AUTH');
      if (!(await this.barrier())) return this.#count();
    }
    for (let left = 1 + this.random.below(STEPS_MAX); left > 0 && this.#sent < MESSAGES_MAX; left--) {
      this.counts.steps++;
      const goesOn = await pick(this.random, this.around.steps)(this);
      if (!goesOn || !(await this.barrier())) return this.#count();
      await this.pause(this.random.below(2 * this.around.pauseMs + 1));
    }
    await this.#answers();
    this.#count();
  }

  /** Every request is answered, if need be by UNAVAILABLE. */
  async #answers(): Promise<void> {
    const { wire, model } = this;
    const all = await wire.until(() => {
      model.look(wire.messages);
      return wire.ended || model.refs.size === 0;
    }, ANSWER_MS_MAX);
    insist(all, `requests ${[...model.refs].join(', ')} were never answered`);
    if (wire.ended) model.checkEnd(wire.closeCode);
  }

  #reconnect(): void {
    this.say('reconnect');
    this.wire.drop();
    this.wire = new Wire({ port: this.around.port });
    this.model = new SessionModel();
    this.isReady = false;
    this.#sent = 0;
  }

  #expectAuth(): void {
    if (this.isReady) this.model.expected.push('BAD_FRAME');
    else this.model.wrongAuth = true; // or READY, if it was good after all
  }

  #count(): void {
    for (const { type } of this.wire.messages) {
      if (type === FRAME.ERROR) this.counts.refused++;
      else if (type === FRAME.PAID || type === FRAME.STREAM || type === FRAME.JOINED) this.counts.accepted++;
    }
  }
}

function isStreamNews(message: ServerMessage): boolean {
  return message.type === FRAME.STREAM || message.type === FRAME.ENDED;
}
