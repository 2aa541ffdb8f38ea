/** What all parts of one run share. Made by `world.ts`. */
import type { Chance } from './chance.ts';
import type { HandOverChecker } from './checkers/hand-over-checker.ts';
import type { Observer } from './observer.ts';
import type { RunPlan } from './plan.ts';
import type { Life, Scheduler } from './scheduler.ts';
import type { StoreServer } from './store-server.ts';
import type { Trace } from './trace.ts';

export interface RunContext {
  readonly plan: RunPlan;
  readonly chance: Chance;
  /** For faults that only a remote store has: without them `chance` is drawn from as if there were none. */
  readonly remoteChance: Chance;
  readonly server: StoreServer;
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly observer: Observer;
  readonly handOvers: HandOverChecker;
  /** Of the world itself: never dies. */
  readonly world: Life;
  /** Faults go on; false in the end, so that everything can come to rest. */
  readonly faults: { on: boolean };
  /** Ends the run: a checker found something, or production code threw. */
  fail(checker: string, message: string): void;
}
