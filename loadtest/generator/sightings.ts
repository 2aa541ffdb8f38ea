/**
 * What probes see of what others do. Gifts and claps are known from the plan with the moment they were due, also those
 * of other processes, and are found again in the state: a gift by its giver and its sats, a clap as the n-th of its
 * participant. So a latency needs no message between processes, and includes all waiting from the due time on.
 */
import { FRAME, type ServerMessage } from '../../src/protocol/messages.ts';
import { u32At } from '../../src/protocol/layout.ts';
import { decodeServer } from '../../src/protocol/server-codec.ts';
import type { PublicGift } from '../../src/round/public-state.ts';
import type { LoadOptions } from '../options.ts';
import { type LoadPlan, roundOf } from './plan.ts';

/** The name by which a viewer's gifts are known. */
export function nameOf(viewer: number): string {
  return `load ${viewer}`;
}

export interface SightingSinks {
  gift(latencyMs: number): void;
  clap(latencyMs: number): void;
}

interface RoundSightings {
  /** By giver and sats; milliseconds of the plan. */
  readonly giftsDue: Map<string, number>;
  /** By participant, ascending. */
  readonly clapsDue: readonly number[][];
  payEveryMs: number;
  /** The frame that was decoded last: all probes of a round get the same ones. */
  frame: { readonly type: number; readonly epoch: number; readonly seq: number } | null;
  message: ServerMessage | null;
}

/** One probe's place in the stream of frames. */
export interface Probe {
  readonly viewer: number;
  readonly round: number;
  /** Follows the round without a gap since; of what was due before it cannot tell the latency. */
  sinceMs: number;
  giftNo: number;
  giftsSeen: number;
  readonly clapsSeen: number[];
}

const PAY_EVERY_MS = 1_000;

export class Sightings {
  readonly #rounds: readonly RoundSightings[];
  readonly #startsAtMs: number;
  readonly #sinks: SightingSinks;

  constructor(input: {
    readonly plan: LoadPlan;
    readonly options: LoadOptions;
    readonly startsAtMs: number;
    readonly sinks: SightingSinks;
  }) {
    const { plan, options } = input;
    this.#startsAtMs = input.startsAtMs;
    this.#sinks = input.sinks;
    this.#rounds = Array.from({ length: options.rounds }, () => ({
      giftsDue: new Map(),
      clapsDue: Array.from({ length: options.participants }, () => []),
      payEveryMs: PAY_EVERY_MS,
      frame: null,
      message: null,
    }));
    for (const act of plan.acts) {
      const round = this.#rounds[roundOf(act.viewer, options)];
      if (act.kind === 'gift') round?.giftsDue.set(keyOf(nameOf(act.viewer), act.sats), act.atMs);
      if (act.kind === 'clap') round?.clapsDue[act.target]?.push(act.atMs);
    }
  }

  newProbe(viewer: number, options: LoadOptions): Probe {
    const clapsSeen = Array.from({ length: options.participants }, () => 0);
    return {
      viewer,
      round: roundOf(viewer, options),
      sinceMs: Number.POSITIVE_INFINITY,
      giftNo: 0,
      giftsSeen: 0,
      clapsSeen,
    };
  }

  payEveryMs(round: number): number {
    return this.#rounds[round]?.payEveryMs ?? PAY_EVERY_MS;
  }

  get longestPayEveryMs(): number {
    return Math.max(...this.#rounds.map(({ payEveryMs }) => payEveryMs));
  }

  /** The probe follows from now on, maybe again. */
  follows(probe: Probe, nowMs: number): void {
    probe.sinceMs = nowMs - this.#startsAtMs;
    probe.giftsSeen = 0;
  }

  /** A state frame of a probe. False: it cannot be read. */
  state(probe: Probe, bytes: Uint8Array, nowMs: number): boolean {
    const round = this.#rounds[probe.round];
    if (round === undefined) return false;
    const message = decodeOnce(round, bytes);
    if (message?.type !== FRAME.KEYFRAME && message?.type !== FRAME.DELTA) return false;
    const atMs = nowMs - this.#startsAtMs;
    const change = message.type === FRAME.KEYFRAME ? message.state : message.delta;
    if (change.payEveryMs !== undefined) round.payEveryMs = change.payEveryMs;
    for (const gift of change.gifts ?? []) this.#gift(probe, round, gift, atMs);
    if (message.type === FRAME.KEYFRAME) {
      for (const [target, { claps }] of message.state.participants.entries()) {
        this.#claps(probe, { round, target, claps, atMs });
      }
    } else {
      for (const { index, claps } of message.delta.participants ?? []) {
        this.#claps(probe, { round, target: index, claps, atMs });
      }
    }
    return true;
  }

  /** Gifts of others that were due before `untilMs` of the plan, and that it should have seen and did not. */
  unseenGifts(probe: Probe, untilMs: number): number {
    const own = nameOf(probe.viewer);
    let due = 0;
    for (const [key, dueMs] of this.#rounds[probe.round]?.giftsDue ?? []) {
      if (dueMs >= probe.sinceMs && dueMs < untilMs && !key.startsWith(`${own}:`)) due++;
    }
    return due - probe.giftsSeen;
  }

  #gift(probe: Probe, round: RoundSightings, gift: PublicGift, atMs: number): void {
    if (gift.no <= probe.giftNo) return;
    probe.giftNo = gift.no;
    const dueMs = round.giftsDue.get(keyOf(gift.from, gift.sats));
    if (dueMs === undefined || dueMs < probe.sinceMs || gift.from === nameOf(probe.viewer)) return;
    probe.giftsSeen++;
    this.#sinks.gift(atMs - dueMs);
  }

  #claps(
    probe: Probe,
    shown: {
      readonly round: RoundSightings;
      readonly target: number;
      readonly claps: number;
      readonly atMs: number;
    },
  ): void {
    const { target, claps, atMs } = shown;
    const due = shown.round.clapsDue[target] ?? [];
    for (let no = probe.clapsSeen[target] ?? 0; no < Math.min(claps, due.length); no++) {
      const dueMs = due[no] ?? 0;
      if (dueMs >= probe.sinceMs) this.#sinks.clap(atMs - dueMs);
    }
    probe.clapsSeen[target] = claps;
  }
}

function decodeOnce(round: RoundSightings, bytes: Uint8Array): ServerMessage | null {
  const [type = 0] = bytes;
  const epoch = u32At(bytes, 5);
  const seq = u32At(bytes, 9);
  const { frame } = round;
  if (frame?.type === type && frame.epoch === epoch && frame.seq === seq) return round.message;
  const decoded = decodeServer(bytes);
  round.frame = { type, epoch, seq };
  round.message = decoded.ok ? decoded.message : null;
  return round.message;
}

function keyOf(from: string, sats: number): string {
  return `${from}:${sats}`;
}
