/** The Clock port of one simulated machine: drifts, and its wall clock may step. Timers belong to a life. */
import type { Clock, Timer } from '../ports/clock.ts';
import type { Life, Scheduler } from './scheduler.ts';

/** Virtual time 0, milliseconds since 1970. */
export const EPOCH_MS = 1_700_000_000_000;

/** What all threads of a machine share; a machine outlives its processes. */
export class Machine {
  /** Of real time: 1.0001 gains a tenth of a millisecond a second. */
  readonly rate: number;
  /** How far its wall clock is from true time. */
  offsetMs: number;

  constructor(input: { readonly driftPpm: number; readonly offsetMs: number }) {
    this.rate = 1 + input.driftPpm / 1_000_000;
    this.offsetMs = input.offsetMs;
  }
}

export function simClock(scheduler: Scheduler, machine: Machine, life: Life): Clock {
  const after = (delayMs: number, label: string, run: () => void): Timer =>
    scheduler.after(life, delayMs / machine.rate, label, run);
  return {
    nowMs: () => EPOCH_MS + Math.floor(scheduler.nowMs * machine.rate + machine.offsetMs),
    monotonicMs: () => scheduler.nowMs * machine.rate,
    after: (delayMs, run) => after(delayMs, 'timer', run),
    every(intervalMs, run) {
      let timer: Timer;
      let cancelled = false;
      const again = (): void => {
        timer = after(Math.max(1, intervalMs), 'interval', () => {
          again(); // as setInterval: what `run` throws does not stop it, and `run` may cancel it
          run();
        });
      };
      again();
      return {
        cancel: () => {
          if (cancelled) return;
          cancelled = true;
          timer.cancel();
        },
      };
    },
  };
}
