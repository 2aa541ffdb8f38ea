/**
 * The viewers of one load process and the clockwork that has each of them do at its time what the plan says. One timer
 * for all of them. What is due is done however late it is, and how late it was is recorded: that is what says whether
 * this process was the bottleneck.
 */
import { randomBytes } from 'node:crypto';
import { SUBPROTOCOL, FRAME } from '../../src/protocol/messages.ts';
import { encodeClient } from '../../src/protocol/client-codec.ts';
import type { RoundId } from '../../src/core/ids.ts';
import type { LoadOptions } from '../options.ts';
import type { LatencyKind } from '../run-result.ts';
import { fundAccounts } from '../wire/funding.ts';
import { type ViewerCounts, type ViewerRound, type ViewerSetup, newPerson } from '../wire/paying-viewer.ts';
import { type WebSocketTarget, webSocketTarget } from '../wire/raw-web-socket.ts';
import { LatencyHistogram } from './histograms.ts';
import type {
  ActCounts,
  LoadTimes,
  ProcessResult,
  ProcessSample,
  TakenLatencies,
  ToLoadProcess,
} from './messages.ts';
import { monotonicMs } from './monotonic.ts';
import { type LoadPlan, type PlannedAct, firstTarget, payPhase, planLoad, roundOf } from './plan.ts';
import { Sightings, nameOf } from './sightings.ts';
import { type Guest, Slot, type SlotHost } from './slot.ts';
import { TimerWheel } from './timer-wheel.ts';

type Prepare = Extract<ToLoadProcess, { kind: 'prepare' }>;
type Go = Extract<ToLoadProcess, { kind: 'go' }>;

const TICK_MS = 4;
/** Everybody says goodbye within this time after the load. */
const DRAIN_SPREAD_MS = 1_000;
/** Those who lost the connection in a storm come back within this time of each other. */
const STORM_SPREAD_MS = 500;
const FLOOD_FRAMES = 200;
/** Of watching that can be paid beyond the load. */
const SPARE_SECONDS = 5;
const KINDS: readonly LatencyKind[] = ['gift', 'giftAck', 'clap', 'join'];

/** A round's rate has to cover the words that are sent. */
export function rateSatsPerSecond({ rate }: Pick<LoadOptions, 'rate'>): number {
  return Math.max(1, Math.ceil(rate));
}

export class Crew implements SlotHost {
  readonly counts: ViewerCounts = { words: 0, deliveries: 0, deliveredBytes: 0 };
  finished = false;
  readonly #options: LoadOptions;
  readonly #plan: LoadPlan;
  /** Of this process's viewers. */
  readonly #acts: readonly PlannedAct[];
  readonly #slots: readonly Slot[];
  readonly #from: number;
  readonly #api: Pick<Prepare, 'apiUrl' | 'adminToken'>;
  readonly #latencies: Readonly<Record<LatencyKind, LatencyHistogram>> = {
    gift: new LatencyHistogram(),
    giftAck: new LatencyHistogram(),
    clap: new LatencyHistogram(),
    join: new LatencyHistogram(),
  };
  readonly #lag = new LatencyHistogram();
  readonly #actCounts: ActCounts = {
    connections: 0,
    reconnects: 0,
    gifts: 0,
    claps: 0,
    votes: 0,
    switches: 0,
  };
  readonly #errors: Record<string, number> = {};
  readonly #provoked: Record<string, number> = {};
  #errorCount = 0;
  #lagMaxMs = 0;
  #before = { words: 0, deliveries: 0, errors: 0, cpuMs: 0 };
  #running: Running | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor({ options, from, to, apiUrl, adminToken }: Prepare) {
    this.#options = options;
    this.#from = from;
    this.#api = { apiUrl, adminToken };
    this.#plan = planLoad(options);
    this.#acts = this.#plan.acts.filter(({ viewer }) => viewer >= from && viewer < to);
    const guests = guestsOf(this.#acts, { options, from, to });
    this.#slots = guests.map((list, at) => {
      const index = from + at;
      return new Slot(this, { index, role: this.#plan.roles[index] ?? 'steady', guests: list });
    });
  }

  async fund(): Promise<void> {
    const { apiUrl, adminToken } = this.#api;
    const accounts = this.#slots.flatMap(({ guests }) =>
      guests.map(({ person, giftSats, watchWords }) => ({
        account: person.account,
        sats: watchWords + giftSats.reduce((sum, sats) => sum + sats, 0),
      })),
    );
    await fundAccounts({ baseUrl: apiUrl, adminToken, accounts });
  }

  go({ wsUrl, roundIds, times }: Go): void {
    const options = this.#options;
    const slots = this.#slots;
    const wheel = new TimerWheel(2 * slots.length, times.rampAtMs);
    const rounds = roundIds.map((roundId) => ({
      roundId: roundId as RoundId,
      participants: options.participants,
      rateSatsPerSecond: rateSatsPerSecond(options),
      startsAtMs: times.startsAtMs,
      endsAtMs: times.endsAtMs,
    }));
    const sightings = new Sightings({
      plan: this.#plan,
      options,
      startsAtMs: times.startsAtMs,
      sinks: {
        gift: (ms) => this.#latencies.gift.record(ms),
        clap: (ms) => this.#latencies.clap.record(ms),
      },
    });
    const target = webSocketTarget(wsUrl, SUBPROTOCOL);
    this.#running = { times, wheel, rounds, sightings, target, act: 0, drained: 0 };
    const followed = new Set<number>();
    for (const [at, slot] of slots.entries()) {
      const round = roundOf(slot.index, options);
      // One of each round looks at its frames in any case: they say how often a word is wanted.
      const isProbe = this.#plan.probes.has(slot.index) || (slot.role === 'steady' && !followed.has(round));
      if (isProbe) slot.probe = sightings.newProbe(slot.index, options);
      if (isProbe) followed.add(round);
      const intervalMs = this.#intervalMs(round);
      wheel.add(at, times.rampAtMs + payPhase(slot.index) * intervalMs);
      wheel.add(slots.length + at, times.rampAtMs + (at / slots.length) * options.rampSeconds * 1_000);
    }
    this.#before = { ...this.#before, cpuMs: cpuMs() };
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** The load ends earlier than planned; the rounds go on without it. */
  /** The load ends earlier than planned; the rounds go on without it. */
  stop(endsAtMs: number): void {
    const running = this.#runningNow();
    running.times = { ...running.times, endsAtMs };
    for (const round of running.rounds) round.endsAtMs = endsAtMs;
  }

  sample(second: number): ProcessSample {
    const { words, deliveries } = this.counts;
    const now = { words, deliveries, errors: this.#errorCount, cpuMs: cpuMs() };
    const before = this.#before;
    this.#before = now;
    const lagMs = this.#lagMaxMs;
    this.#lagMaxMs = 0;
    return {
      second,
      connected: this.#slots.reduce((sum, slot) => sum + (slot.isThere ? 1 : 0), 0),
      words: now.words - before.words,
      deliveries: now.deliveries - before.deliveries,
      errors: now.errors - before.errors,
      cpuMs: now.cpuMs - before.cpuMs,
      latencies: this.#takeLatencies(),
      lagMs,
      payEveryMs: this.#running?.sightings.longestPayEveryMs ?? 0,
    };
  }

  finish(): ProcessResult {
    this.finished = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    const { sightings, times } = this.#runningNow();
    const loadMs = times.endsAtMs - times.startsAtMs;
    for (const { probe, viewer, index } of this.#slots) {
      if (probe === null || viewer?.isConnected !== true || !this.#plan.probes.has(index)) continue;
      this.#tally(this.#errors, 'GIFT_UNSEEN', sightings.unseenGifts(probe, loadMs));
    }
    const ledgers = this.#slots.flatMap((slot) => slot.ledgers);
    for (const { viewer } of this.#slots) viewer?.drop();
    return {
      ...this.counts,
      acts: this.#actCounts,
      errors: this.#errors,
      provoked: this.#provoked,
      latencies: this.#takeLatencies(),
      lag: this.#lag.take(),
      ledgers,
    };
  }

  /* ---- what slots ask and tell ---- */

  nowMs(): number {
    return monotonicMs();
  }

  setup(slot: Slot, guest: Guest): ViewerSetup {
    const running = this.#runningNow();
    const round = running.rounds[roundOf(slot.index, this.#options)];
    if (round === undefined) throw new Error(`there is no round for viewer ${slot.index}`);
    return {
      target: running.target,
      person: guest.person,
      name: nameOf(slot.index),
      round,
      budget: guest,
      watching: firstTarget(slot.index, this.#options),
      probe: slot.probe !== null,
    };
  }

  comeBack(slot: Slot, atMs: number): void {
    const id = this.#slots.length + slot.index - this.#from;
    const { wheel } = this.#runningNow();
    if (!wheel.waits(id)) wheel.add(id, atMs);
  }

  joined(slot: Slot, latencyMs: number, again: boolean): void {
    this.#latencies.join.record(latencyMs);
    this.#actCounts.connections++;
    if (again) this.#actCounts.reconnects++;
    if (slot.probe !== null) this.#running?.sightings.follows(slot.probe, this.nowMs());
  }

  giftAcknowledged(latencyMs: number): void {
    this.#latencies.giftAck.record(latencyMs);
  }

  state(slot: Slot, frame: Uint8Array): void {
    if (slot.probe === null) return;
    const known = this.#running?.sightings.state(slot.probe, frame, this.nowMs());
    if (known === false) this.refused(slot, 'SERVER_FRAME');
  }

  refused(slot: Slot, code: string): void {
    this.#tally(slot.role === 'bad' ? this.#provoked : this.#errors, code, 1);
  }

  /* ---- the clockwork ---- */

  #tick(): void {
    const running = this.#runningNow();
    const { wheel, times } = running;
    const { startsAtMs, endsAtMs } = times;
    const nowMs = monotonicMs();
    wheel.advance(nowMs, (id, dueMs) => this.#fire(id, dueMs, nowMs));
    for (let act = this.#acts[running.act]; act !== undefined; act = this.#acts[running.act]) {
      const dueMs = startsAtMs + act.atMs;
      if (dueMs > nowMs || dueMs >= endsAtMs) break;
      running.act++;
      this.#late(nowMs - dueMs, dueMs);
      this.#do(act, dueMs);
    }
    const share = (nowMs - endsAtMs) / DRAIN_SPREAD_MS;
    for (; running.drained < this.#slots.length * Math.min(share, 1); running.drained++) {
      this.#drain(this.#slots[running.drained]);
    }
  }

  #fire(id: number, dueMs: number, nowMs: number): void {
    const count = this.#slots.length;
    const slot = this.#slots[id < count ? id : id - count];
    if (slot === undefined) return;
    this.#late(nowMs - dueMs, dueMs);
    if (id >= count) {
      // Somebody new has nothing to do after the load; somebody who was there has words on the way.
      if (slot.viewer !== null || nowMs < this.#runningNow().times.endsAtMs) slot.connect(dueMs);
    } else {
      slot.viewer?.pay(dueMs);
      const { wheel } = this.#runningNow();
      wheel.add(id, dueMs + this.#intervalMs(roundOf(slot.index, this.#options)));
    }
  }

  #do(act: PlannedAct, dueMs: number): void {
    const slot = this.#slots[act.viewer - this.#from];
    const viewer = slot?.viewer ?? null;
    if (slot === undefined || viewer === null) return;
    switch (act.kind) {
      case 'gift':
        this.#actCounts.gifts++;
        viewer.gift(act.target, act.sats, dueMs);
        return;
      case 'clap':
        this.#actCounts.claps++;
        viewer.clap(act.target, 1);
        return;
      case 'vote':
        this.#actCounts.votes++;
        viewer.vote(act.target);
        return;
      case 'watch':
        this.#actCounts.switches++;
        viewer.watch(act.target, dueMs);
        return;
      case 'drop':
        slot.drop((STORM_SPREAD_MS * (slot.index - this.#from)) / this.#slots.length);
        return;
      case 'replace':
        slot.replace();
        return;
      case 'misbehave':
        if (act.how === 'badWord') viewer.sendBadWord();
        else if (act.how === 'garbage') viewer.sendRaw(randomBytes(30));
        else for (let no = 0; no < FLOOD_FRAMES; no++) viewer.sendRaw(TIME_FRAME);
        return;
      default:
        act satisfies never;
    }
  }

  #drain(slot: Slot | undefined): void {
    if (slot?.viewer === null || slot === undefined) return;
    slot.viewer.resumeReading();
    slot.viewer.pay(this.#runningNow().times.endsAtMs);
    slot.viewer.pause();
  }

  #intervalMs(round: number): number {
    return (this.#running?.sightings.payEveryMs(round) ?? 1_000) / this.#options.rate;
  }

  #late(lateMs: number, dueMs: number): void {
    if (lateMs > this.#lagMaxMs) this.#lagMaxMs = lateMs;
    const { startsAtMs, endsAtMs } = this.#runningNow().times;
    if (dueMs >= startsAtMs && dueMs < endsAtMs) this.#lag.record(lateMs);
  }

  #runningNow(): Running {
    if (this.#running === null) throw new Error('the load has not begun');
    return this.#running;
  }

  #tally(into: Record<string, number>, code: string, count: number): void {
    if (count <= 0) return;
    into[code] = (into[code] ?? 0) + count;
    if (into === this.#errors) this.#errorCount += count;
  }

  #takeLatencies(): TakenLatencies {
    const [gift, giftAck, clap, join] = KINDS.map((kind) => this.#latencies[kind].take());
    return { gift: gift ?? null, giftAck: giftAck ?? null, clap: clap ?? null, join: join ?? null };
  }
}

interface Running {
  times: LoadTimes;
  /** Ids: a viewer's paying; beyond all of them, its coming back. */
  readonly wheel: TimerWheel;
  readonly rounds: readonly ViewerRound[];
  readonly sightings: Sightings;
  readonly target: WebSocketTarget;
  /** The next act of the plan, and the next slot to drain. */
  act: number;
  drained: number;
}

const TIME_FRAME = encodeClient({ type: FRAME.TIME, token: 0 });

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** Everybody who will sit in each place, with what they will spend. */
function guestsOf(
  acts: readonly PlannedAct[],
  { options, from, to }: { readonly options: LoadOptions; readonly from: number; readonly to: number },
): readonly (readonly Guest[])[] {
  const watchWords = rateSatsPerSecond(options) * (options.seconds + SPARE_SECONDS);
  // Each may have to give all gifts of the place: whether one was replaced in time is not known yet.
  const places = Array.from({ length: to - from }, () => ({ guests: 1, giftSats: [] as number[] }));
  for (const act of acts) {
    const place = places[act.viewer - from];
    if (place !== undefined && act.kind === 'replace') place.guests++;
    if (act.kind === 'gift') place?.giftSats.push(act.sats);
  }
  return places.map(({ guests, giftSats }) =>
    Array.from({ length: guests }, () => ({ person: newPerson(), giftSats, watchWords })),
  );
}
