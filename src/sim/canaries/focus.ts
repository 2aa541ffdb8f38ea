/** Runs in which a planted bug has more occasion to show than in one of many. */
import { type RunPlan, type StorePlan, lastEndMs } from '../plan.ts';

/** The store is on another machine, and fails as given until the rounds have ended. */
export function onAnotherMachine(plan: RunPlan, store: Partial<StorePlan>): RunPlan {
  return {
    ...plan,
    calmAtMs: Math.max(plan.calmAtMs, lastEndMs(plan) + 10_000),
    store: { ...plan.store, ...store, remote: true },
  };
}
