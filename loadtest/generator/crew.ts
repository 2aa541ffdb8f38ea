/**
 * The viewers of one load process and the clockwork that has each of them do at its time what the plan says. One timer
 * for all of them. What is due is done however late it is, and how late it was is recorded: that is what says whether
 * this process was the bottleneck.
 */
import type { RoundId } from '../../src/core/ids.ts';
import { SUBPROTOCOL } from '../../src/protocol/messages.ts';
import type { LoadOptions } from '../options.ts';
import { fundAccounts } from '../wire/funding.ts';
import { type WebSocketTarget, webSocketTarget } from '../wire/raw-web-socket.ts';
import type { ViewerCounts, ViewerRound, ViewerSetup } from '../wire/viewer-setup.ts';
import { CrewLog } from './crew-log.ts';
import { type Guest, guestsOf, rateSatsPerSecond } from './guests.ts';
import { type LatencyHistogram, SEEN_BEFORE_DUE } from './histograms.ts';
import type { LoadTimes, ProcessResult, ProcessSample, ToLoadProcess } from './messages.ts';
import { monotonicMs } from './monotonic.ts';
import { perform } from './perform.ts';
import {
  type LoadPlan,
  type PlannedAct,
  firstTarget,
  nextPayMs,
  planLoad,
  roundOf,
  viewersOfProcess,
} from './plan.ts';
import { Sightings, nameOf } from './sightings.ts';
import { Slot, type SlotHost } from './slot.ts';
import { TimerWheel } from './timer-wheel.ts';

type Prepare = Extract<ToLoadProcess, { kind: 'prepare' }>;
type Go = Extract<ToLoadProcess, { kind: 'go' }>;

const TICK_MS = 4;
/** Everybody says goodbye within this time after the load. */
const DRAIN_SPREAD_MS = 1_000;

interface Running {
  times: LoadTimes;
  /** Ids: the place of a slot for its paying; beyond all of them, for its coming back. */
  readonly wheel: TimerWheel;
  readonly rounds: readonly ViewerRound[];
  readonly sightings: Sightings;
  readonly target: WebSocketTarget;
  /** The next act of the plan, and the next slot to drain. */
  act: number;
  drained: number;
}

export class Crew implements SlotHost {
  finished = false;
  readonly #log = new CrewLog();
  readonly #options: LoadOptions;
  readonly #plan: LoadPlan;
  /** Of this process's viewers. */
  readonly #acts: readonly PlannedAct[];
  readonly #slots: readonly Slot[];
  /** By viewer. */
  readonly #slotOf: ReadonlyMap<number, Slot>;
  readonly #api: Pick<Prepare, 'apiUrl' | 'adminToken'>;
  #running: Running | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor({ options, process, processes, apiUrl, adminToken }: Prepare) {
    this.#options = options;
    this.#api = { apiUrl, adminToken };
    this.#plan = planLoad(options);
    const viewers = viewersOfProcess(this.#plan, process, processes);
    const own = new Set(viewers);
    this.#acts = this.#plan.acts.filter(({ viewer }) => own.has(viewer));
    const guests = guestsOf(this.#acts, options);
    this.#slots = viewers.map((viewer, place) => {
      const role = this.#plan.roles[viewer] ?? 'steady';
      return new Slot(this, { place, viewer, role, guests: guests(viewer) });
    });
    this.#slotOf = new Map(this.#slots.map((slot) => [slot.index, slot]));
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
    const { gift, clap } = this.#log.latencies;
    const wheel = new TimerWheel(2 * this.#slots.length, times.rampAtMs);
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
      sinks: { gift: (ms) => this.#seen(gift, ms), clap: (ms) => this.#seen(clap, ms) },
    });
    const target = webSocketTarget(wsUrl, SUBPROTOCOL);
    this.#running = { times, wheel, rounds, sightings, target, act: 0, drained: 0 };
    this.#pickReaders(sightings);
    for (const slot of this.#slots) {
      const { place } = slot;
      const share = place / this.#slots.length;
      wheel.add(place, nextPayMs(slot.index, this.#intervalMs(slot), times.rampAtMs));
      wheel.add(this.#slots.length + place, times.rampAtMs + share * options.rampSeconds * 1_000);
    }
    this.#log.begin();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** The load ends earlier than planned; the rounds go on without it. */
  stop(endsAtMs: number): void {
    const running = this.#runningNow();
    running.times = { ...running.times, endsAtMs };
    for (const round of running.rounds) round.endsAtMs = endsAtMs;
  }

  sample(second: number): ProcessSample {
    const connected = this.#slots.reduce((sum, slot) => sum + (slot.isThere ? 1 : 0), 0);
    return this.#log.sample({
      second,
      connected,
      payEveryMs: this.#runningNow().sightings.longestPayEveryMs,
    });
  }

  finish(): ProcessResult {
    this.finished = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    const { sightings, times } = this.#runningNow();
    const loadMs = times.endsAtMs - times.startsAtMs;
    for (const { reader, viewer } of this.#slots) {
      if (reader !== null && viewer?.isConnected === true) {
        this.#log.error('GIFT_UNSEEN', sightings.unseenGifts(reader, loadMs));
      }
    }
    const result = this.#log.result(this.#slots.flatMap((slot) => slot.ledgers));
    for (const { viewer } of this.#slots) viewer?.drop();
    return result;
  }

  /* ---- what slots ask and tell ---- */

  readsAtOnce({ index }: Slot): boolean {
    return this.#options.readAtOnce || this.#plan.timed.has(index);
  }

  get counts(): ViewerCounts {
    return this.#log.counts;
  }

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
      probe: slot.reader !== null,
    };
  }

  comeBack(slot: Slot, atMs: number): void {
    const id = this.#slots.length + slot.place;
    const { wheel } = this.#runningNow();
    if (!wheel.waits(id)) wheel.add(id, atMs);
  }

  joined(slot: Slot, latencyMs: number, again: boolean): void {
    this.#log.latencies.join.record(latencyMs);
    this.#log.acts.connections++;
    if (again) this.#log.acts.reconnects++;
    if (slot.reader !== null && this.#plan.probes.has(slot.index)) {
      this.#runningNow().sightings.follows(slot.reader, this.nowMs());
    }
  }

  giftAcknowledged(latencyMs: number): void {
    this.#log.latencies.giftAck.record(latencyMs);
  }

  state(slot: Slot, frame: Uint8Array): void {
    if (slot.reader === null) return;
    const known = this.#runningNow().sightings.state(slot.reader, frame, this.nowMs());
    if (!known) this.refused(slot, 'SERVER_FRAME');
  }

  refused(slot: Slot, code: string): void {
    if (slot.role === 'bad') this.#log.provoked(code);
    else this.#log.error(code);
  }

  /* ---- the clockwork ---- */

  /** Probes, and one more of each round here: it only reads how often a word is wanted, and times nothing. */
  #pickReaders(sightings: Sightings): void {
    const read = new Set<number>();
    const { probes } = this.#plan;
    for (const slot of this.#slots.toSorted(
      (a, b) => Number(probes.has(b.index)) - Number(probes.has(a.index)),
    )) {
      const round = roundOf(slot.index, this.#options);
      if (!probes.has(slot.index) && (read.has(round) || slot.role !== 'steady')) continue;
      read.add(round);
      slot.reader = sightings.newProbe(slot.index, this.#options);
    }
  }

  #tick(): void {
    const running = this.#runningNow();
    const { startsAtMs, endsAtMs } = running.times;
    const nowMs = monotonicMs();
    running.wheel.advance(nowMs, (id, dueMs) => this.#fire(id, dueMs, nowMs));
    for (let act = this.#acts[running.act]; act !== undefined; act = this.#acts[running.act]) {
      const dueMs = startsAtMs + act.atMs;
      if (dueMs > nowMs || dueMs >= endsAtMs) break;
      running.act++;
      this.#late(nowMs - dueMs, dueMs);
      const slot = this.#slotOf.get(act.viewer);
      if (slot !== undefined) {
        perform(act, { slot, dueMs, slots: this.#slots.length, counts: this.#log.acts });
      }
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
    const { wheel, times } = this.#runningNow();
    if (id < count) {
      slot.pay(dueMs);
      wheel.add(id, nextPayMs(slot.index, this.#intervalMs(slot), dueMs));
    } else if (slot.viewer !== null || nowMs < times.endsAtMs) {
      // Somebody new has nothing to do after the load; somebody who was there has words on the way.
      slot.connect(dueMs);
    }
  }

  #drain(slot: Slot | undefined): void {
    if (slot?.viewer === null || slot === undefined) return;
    slot.viewer.resumeReading();
    slot.viewer.pay(this.#runningNow().times.endsAtMs);
    slot.viewer.pause();
  }

  #seen(latencies: LatencyHistogram, ms: number): void {
    latencies.record(ms);
    if (ms < 0) this.#log.error(SEEN_BEFORE_DUE);
  }

  #intervalMs(slot: Slot): number {
    const { sightings } = this.#runningNow();
    return sightings.payEveryMs(roundOf(slot.index, this.#options)) / this.#options.rate;
  }

  #late(lateMs: number, dueMs: number): void {
    const { startsAtMs, endsAtMs } = this.#runningNow().times;
    this.#log.late(lateMs, dueMs >= startsAtMs && dueMs < endsAtMs);
  }

  #runningNow(): Running {
    if (this.#running === null) throw new Error('the load has not begun');
    return this.#running;
  }
}
