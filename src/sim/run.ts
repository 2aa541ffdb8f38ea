/** One seed, from nothing to the verdict. */
import type { Canary } from './canaries/canary.ts';
import { NO_CANARY } from './canaries/canary.ts';
import { guarded } from './guards.ts';
import { lastEndMs } from './plan.ts';
import { Nemesis } from './nemesis.ts';
import { Trace } from './trace.ts';
import { type Failure, World } from './world.ts';

export interface RunOptions {
  readonly seed: number;
  readonly canary?: Canary;
  /** Each line of the trace as it is made. */
  readonly write?: (line: string) => void;
  /** Keep the newest lines for a report. */
  readonly keepLines?: boolean;
}

export interface RunOutcome {
  readonly seed: number;
  readonly events: number;
  readonly hash: string;
  readonly failure: Failure | null;
  readonly lines: readonly string[];
}

/** Virtual time after which everything has to have come to rest. */
const REST_MS = 90_000;

export async function runSeed(options: RunOptions): Promise<RunOutcome> {
  const { seed, canary = NO_CANARY, write = null, keepLines = false } = options;
  const trace = new Trace({ keep: keepLines, write });
  const uninstall = canary.install();
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  let world: World | null = null;
  const onRejection = (error: unknown): void => world?.broke(error);
  process.on('unhandledRejection', onRejection);
  try {
    return await guarded(async () => {
      world = new World({ seed, trace, canary });
      await live(world);
      const { scheduler } = world.context;
      return { seed, events: scheduler.events, hash: trace.hash, failure: world.failure, lines: trace.lines };
    });
  } finally {
    process.removeListener('unhandledRejection', onRejection);
    for (const listener of others) process.on('unhandledRejection', listener);
    uninstall();
  }
}

async function live(world: World): Promise<void> {
  const { context, checks } = world;
  const { scheduler, plan } = context;
  const nemesis = new Nemesis(world);
  world.operator.begin();
  nemesis.begin();
  for (const viewer of world.viewers)
    scheduler.after(context.world, context.chance.between(100, 5_000), 'viewer', () => viewer.begin());
  const check = (life: Parameters<typeof checks.afterEvent>[0]): void => checks.afterEvent(life);
  const failed = (): boolean => world.failure !== null;
  await scheduler.runUntil(plan.calmAtMs, check, failed);
  if (failed()) return;
  context.faults.on = false;
  nemesis.calm();
  const untilMs = Math.max(plan.calmAtMs, lastEndMs(plan)) + REST_MS;
  await scheduler.runUntil(untilMs, check, () => failed() || world.checks.atRest());
  if (!failed()) world.checks.final();
}
