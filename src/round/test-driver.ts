/**
 * A shell for one round in tests: time by hand, a store in memory, answers in order. What it calls durable is
 * only what a save that was answered covers, so `crash` loses exactly what a real one may lose.
 */
import { assert } from '../core/assert.ts';
import { ByteWriter } from '../core/bytes.ts';
import type { Code } from '../core/errors.ts';
import type { AccountId, ParticipantId, RoundId, StreamId } from '../core/ids.ts';
import { sats } from '../core/sats.ts';
import { encodeCommitment } from '../voucher/commitment.ts';
import type { SignedCommitment } from '../voucher/types.ts';
import type { RoundEffect, StreamGrant } from './effects.ts';
import type { RoundInput } from './inputs.ts';
import { PaymentBatchWriter } from './payment-batch.ts';
import { applyDelta, clonePublicState } from './public-delta.ts';
import type { PublicState } from './public-state.ts';
import { restoreRound } from './restore.ts';
import { type RoundState, createRound } from './state.ts';
import { nextWakeMs, step } from './step.ts';
import type { RoundTerms } from './terms.ts';

export const T0 = 1_000_000;

export function accountNo(no: number): AccountId {
  return no.toString(16).padStart(40, '0') as AccountId;
}

export function streamNo(no: number): StreamId {
  return no.toString(16).padStart(32, '0') as StreamId;
}

export function testTerms(changes: Partial<RoundTerms> = {}): RoundTerms {
  return {
    roundId: 'battle-1' as RoundId,
    network: 'dev',
    title: 'A battle',
    participants: ['ada', 'bob', 'cyd'].map((id, index) => ({
      id: id as ParticipantId,
      name: id.toUpperCase(),
      account: accountNo(9000 + index),
    })),
    lobbyAtMs: T0 + 1_000,
    startsAtMs: T0 + 5_000,
    end: { kind: 'time', atMs: T0 + 65_000 },
    rateSatsPerSecond: 1,
    directBps: 4000,
    prize: { rankBps: [6000, 2000, 500], supporterBps: [500, 300], platformBps: 700 },
    scoring: { satsWeight: 1, voteWeight: 10, clapWeight: 1 },
    overtime: null,
    closingMs: 2_000,
    payoutMinSats: 100,
    platformAccount: accountNo(9999),
    ...changes,
  };
}

/** The word is not of a real chain: a round never hashes. It differs by stream, chain and index. */
export function testWord(stream: number, chain: number, index: number): Uint8Array {
  return new ByteWriter(32).u64(stream).u64(chain).u64(index).u64(0x5eed).finish();
}

export function testSigned(terms: RoundTerms, input: { stream: number; payer: number }): SignedCommitment {
  const commitment = {
    version: 1,
    network: terms.network,
    streamId: streamNo(input.stream),
    payer: accountNo(input.payer),
    roundId: terms.roundId,
    chains: [
      { unitSats: sats(1), anchor: testWord(input.stream, 0, 0), length: 100_000 },
      { unitSats: sats(1000), anchor: testWord(input.stream, 1, 0), length: 500 },
    ],
    rateSatsPerSecond: terms.rateSatsPerSecond,
    notBeforeMs: 0,
    expiryMs: T0 * 10,
    nonce: new Uint8Array(32).fill(7),
  } as const;
  return {
    commitment,
    bytes: encodeCommitment(commitment),
    publicKey: new ByteWriter(33).u8(2).u64(input.payer).bytes(new Uint8Array(24)).finish(),
    signature: new Uint8Array(64).fill(input.stream & 0xff),
  };
}

export type EffectOf<K extends RoundEffect['kind']> = Extract<RoundEffect, { kind: K }>;

export function effectsOf<K extends RoundEffect['kind']>(
  effects: readonly RoundEffect[],
  kind: K,
): EffectOf<K>[] {
  return effects.filter((effect): effect is EffectOf<K> => effect.kind === kind);
}

export class RoundDriver {
  readonly terms: RoundTerms;
  state: RoundState;
  nowMs: number;
  /** What the store has. */
  snapshot: { readonly seq: number; readonly bytes: Uint8Array } | null = null;
  segments: { readonly seq: number; readonly bytes: Uint8Array }[] = [];
  /** The sats of each hold, as effects left them. */
  readonly holds: Map<StreamId, number> = new Map();
  /** A replica that follows the frames, as an edge has it. */
  replica: PublicState | null = null;
  replicaSeq = 0;
  /** Everything that came out, ever. */
  readonly log: RoundEffect[] = [];
  /** Answer to every hold from now on. */
  holdCode: Code | null = null;
  #epoch = 1;
  #unanswered: RoundInput[] = [];
  /** What the store had before the save that has no answer yet. */
  #before: Pick<RoundDriver, 'snapshot' | 'segments'> | null = null;

  constructor(terms: RoundTerms = testTerms(), nowMs: number = T0) {
    this.terms = terms;
    this.nowMs = nowMs;
    this.state = createRound({ terms, epoch: this.#epoch, nowMs });
  }

  /** One step; answers of the store wait until `answer`. */
  raw(...inputs: RoundInput[]): RoundEffect[] {
    const effects = step(this.state, this.nowMs, inputs);
    for (const effect of effects) this.#execute(effect);
    this.log.push(...effects);
    return effects;
  }

  /** One step with what the store has to answer; none when it has not. */
  answer(): RoundEffect[] {
    const answers = this.#unanswered;
    this.#unanswered = [];
    this.#before = null;
    return answers.length === 0 ? [] : this.raw(...answers);
  }

  /** A step, and then until everything is durable and nothing waits: time moves on for the saves. */
  send(...inputs: RoundInput[]): RoundEffect[] {
    const effects = this.raw(...inputs);
    for (let turn = 0; turn < 20; turn++) {
      effects.push(...this.answer());
      const saving = this.state.session.dirtySlots.length > 0 || this.state.session.dirtyFacts;
      if (!saving && this.#unanswered.length === 0) return effects;
      if (saving && this.#unanswered.length === 0) {
        this.nowMs += 25;
        effects.push(...this.raw({ kind: 'tick' }));
      }
    }
    throw new Error('the round does not come to rest');
  }

  /** Time passes, with a step whenever the round wants one. */
  runTo(timeMs: number): RoundEffect[] {
    const effects: RoundEffect[] = [];
    for (let turn = 0; turn < 100_000; turn++) {
      effects.push(...this.answer());
      const wakeMs = nextWakeMs(this.state);
      if (wakeMs === null || wakeMs > timeMs) break;
      this.nowMs = Math.max(this.nowMs, wakeMs);
      effects.push(...this.raw({ kind: 'tick' }));
    }
    this.nowMs = Math.max(this.nowMs, timeMs);
    effects.push(...this.send({ kind: 'tick' }));
    return effects;
  }

  /** What was not durable is gone, answers under way too; a save without an answer may have been lost. */
  crash(saveLost = false): void {
    if (saveLost && this.#before !== null) Object.assign(this, this.#before);
    this.#before = null;
    this.#unanswered = [];
    this.#epoch++;
    this.replica = null;
    this.state = restoreRound({
      terms: this.terms,
      epoch: this.#epoch,
      snapshot: this.snapshot?.bytes ?? null,
      segments: this.segments.map((segment) => segment.bytes),
    });
  }

  openInput(input: {
    stream: number;
    payer?: number;
    conn?: number;
    holdSats?: number;
  }): Extract<RoundInput, { kind: 'open' }> {
    const { stream, payer = stream, conn = stream, holdSats = 50_000 } = input;
    const signed = testSigned(this.terms, { stream, payer });
    return { kind: 'open', from: { edge: 0, conn, ref: 1 }, signed, name: `viewer ${payer}`, holdSats };
  }

  attachInput(input: {
    stream: number;
    payer?: number;
    conn?: number;
  }): Extract<RoundInput, { kind: 'attach' }> {
    const { stream, payer = stream, conn = stream } = input;
    const { publicKey } = testSigned(this.terms, { stream, payer });
    return { kind: 'attach', from: { edge: 0, conn, ref: 2 }, streamId: streamNo(stream), publicKey };
  }

  /** Opens a stream and returns its slot. */
  open(input: Parameters<RoundDriver['openInput']>[0]): number {
    const granted = effectsOf(this.send(this.openInput(input)), 'granted');
    const grant: StreamGrant | undefined = granted[0]?.grant;
    assert(grant !== undefined, 'the stream was granted');
    return grant.slot;
  }

  words(
    ...rows: {
      slot: number;
      stream?: number;
      index: number;
      chain?: number;
      target?: number;
      gift?: boolean;
      more?: boolean;
      conn?: number;
      word?: Uint8Array;
    }[]
  ): Extract<RoundInput, { kind: 'payments' }> {
    const writer = new PaymentBatchWriter();
    for (const row of rows) {
      const { slot, index, chain = 0, target = 0, gift = false, more = false } = row;
      const stream = row.stream ?? Number.parseInt(this.state.streams.ids[slot] ?? '0', 16);
      writer.add({
        slot,
        index,
        chain,
        target,
        purpose: gift ? 1 : 0,
        flags: more ? 1 : 0,
        conn: row.conn ?? stream,
        word: row.word ?? testWord(stream, chain, index),
      });
    }
    return { kind: 'payments', edge: 0, batch: writer.take() };
  }

  #execute(effect: RoundEffect): void {
    switch (effect.kind) {
      case 'hold': {
        const { streamId, sats: amount } = effect;
        if (this.holdCode === null && !this.holds.has(streamId)) this.holds.set(streamId, amount);
        const outcome =
          this.holdCode === null ? ({ ok: true } as const) : ({ ok: false, code: this.holdCode } as const);
        this.#unanswered.push({ kind: 'held', streamId, outcome });
        return;
      }
      case 'shrinkHold':
        this.holds.set(effect.streamId, Math.min(effect.toSats, this.holds.get(effect.streamId) ?? 0));
        return;
      case 'appendSegment':
        this.#before = { snapshot: this.snapshot, segments: [...this.segments] };
        this.segments.push({ seq: effect.seq, bytes: effect.bytes });
        this.#unanswered.push({ kind: 'saved', seq: effect.seq });
        return;
      case 'saveSnapshot':
        this.#before = { snapshot: this.snapshot, segments: this.segments };
        this.snapshot = { seq: effect.seq, bytes: effect.bytes };
        this.segments = [];
        this.#unanswered.push({ kind: 'saved', seq: effect.seq });
        return;
      case 'publishKeyframe':
        this.replica = clonePublicState(effect.state);
        this.replicaSeq = effect.seq;
        return;
      case 'publishDelta':
        assert(this.replica !== null && effect.seq === this.replicaSeq + 1, 'frames come without a gap');
        applyDelta(this.replica, effect.delta);
        this.replicaSeq = effect.seq;
        return;
      default:
    }
  }
}

export const START: number = T0 + 5_000;
export const END: number = T0 + 65_000;

export function live(changes: Parameters<typeof testTerms>[0] = {}): RoundDriver {
  const round = new RoundDriver(testTerms(changes));
  round.runTo(START);
  return round;
}

export const codes = (effects: Parameters<typeof effectsOf>[0]): string[] =>
  effectsOf(effects, 'refused').map((effect) => effect.code);
