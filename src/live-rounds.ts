/**
 * The rounds this process runs, as main knows them: their terms, the phase they last reported, and who waits
 * for a phase. Main thread. Bounded by the rounds that are owned.
 */
import type { RoundId } from './core/ids.ts';
import type { Clock, Timer } from './ports/clock.ts';
import type { RoundSummary } from './ports/engine.ts';
import type { Phase, RoundTerms } from './round/terms.ts';

export interface LiveRound {
  readonly terms: RoundTerms;
  readonly createdAtMs: number;
  generation: number;
  phase: Phase;
  endsAtMs: number | null;
}

export function summaryOf(round: LiveRound): RoundSummary {
  const { terms, createdAtMs, phase, endsAtMs } = round;
  return { terms, createdAtMs, phase, endsAtMs };
}

interface Waiter {
  readonly until: (phase: Phase) => boolean;
  readonly done: (reached: boolean) => void;
  readonly timer: Timer;
}

export class LiveRounds {
  readonly #clock: Clock;
  readonly #rounds = new Map<RoundId, LiveRound>();
  readonly #waiters = new Map<RoundId, Set<Waiter>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(roundId: RoundId): LiveRound | undefined {
    return this.#rounds.get(roundId);
  }

  add(roundId: RoundId, round: LiveRound): void {
    this.#rounds.set(roundId, round);
  }

  /** Those that take payments now. */
  countLive(): number {
    let count = 0;
    for (const { phase } of this.#rounds.values()) {
      if (phase === 'live' || phase === 'overtime' || phase === 'closing') count++;
    }
    return count;
  }

  /** Those that will take their last payment by then, and those that have. */
  endingBy(atMs: number): readonly RoundId[] {
    const ending: RoundId[] = [];
    for (const [roundId, { phase, endsAtMs, terms }] of this.#rounds) {
      if (phase === 'settling') ending.push(roundId);
      if (phase !== 'live' && phase !== 'overtime' && phase !== 'closing') continue;
      if (endsAtMs !== null && endsAtMs + terms.closingMs <= atMs) ending.push(roundId);
    }
    return ending;
  }

  onPhase(roundId: RoundId, phase: Phase, endsAtMs: number | null): void {
    const round = this.#rounds.get(roundId);
    if (round === undefined) return;
    round.phase = phase;
    round.endsAtMs = endsAtMs;
    for (const waiter of this.#waiters.get(roundId) ?? []) {
      if (waiter.until(phase)) waiter.done(true);
    }
  }

  /** Resolves true when the round is in such a phase, false when that took longer than `timeoutMs` or it is gone. */
  waitFor(roundId: RoundId, until: (phase: Phase) => boolean, timeoutMs: number): Promise<boolean> {
    const round = this.#rounds.get(roundId);
    if (round === undefined) return Promise.resolve(false);
    if (until(round.phase)) return Promise.resolve(true);
    const waiters = this.#waiters.get(roundId) ?? new Set();
    this.#waiters.set(roundId, waiters);
    return new Promise((resolve) => {
      const done = (reached: boolean): void => {
        waiter.timer.cancel();
        waiters.delete(waiter);
        if (waiters.size === 0) this.#waiters.delete(roundId);
        resolve(reached);
      };
      const waiter: Waiter = { until, done, timer: this.#clock.after(timeoutMs, () => done(false)) };
      waiters.add(waiter);
    });
  }

  remove(roundId: RoundId): void {
    this.#rounds.delete(roundId);
    for (const waiter of this.#waiters.get(roundId) ?? []) waiter.done(false);
  }

  clear(): void {
    for (const roundId of this.#rounds.keys()) this.remove(roundId);
  }
}
