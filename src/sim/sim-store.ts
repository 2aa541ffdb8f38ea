/**
 * The Store port of one thread, over the disk of the run. Calls take time, are applied at one moment and answered
 * later. Faults, as a database across a network has them: a call that fails before it was applied, one that times out
 * after (in doubt), one that times out and was not applied, and now and then one that takes very long.
 */
import { EngineError } from '../core/errors.ts';
import type { Store } from '../ports/store.ts';
import type { Disk, Write, WriteMethod } from './disk.ts';
import type { RunContext } from './run-context.ts';
import type { Life } from './scheduler.ts';

const WRITES: readonly WriteMethod[] = [
  'createRound',
  'acquireRound',
  'appendSegment',
  'saveSnapshot',
  'finishRound',
  'hold',
  'shrinkHold',
  'post',
  'commitSettlement',
  'commitRefund',
  'advanceTransaction',
  'addCoins',
  'putReceipt',
];
const READS = [
  'readRound',
  'listRounds',
  'unfinishedRounds',
  'readBalances',
  'readBalance',
  'holdsOfRound',
  'listEntries',
  'trialBalance',
  'readSettlement',
  'openTransactions',
  'freeCoins',
  'coinTotalSats',
  'readReceipt',
  'check',
] as const satisfies readonly (keyof Store)[];

export interface SimStoreOptions {
  readonly disk: Disk;
  /** Who calls: answers die with it. */
  readonly caller: Life;
  /** Whose death loses calls that were not applied yet: the process, or nobody where the database is another machine. */
  readonly carrier: Life;
}

type Call = (...args: readonly unknown[]) => Promise<unknown>;

export function simStore(context: RunContext, options: SimStoreOptions): Store {
  const calls = new Calls(context, options);
  const methods: Record<string, Call> = { close: () => Promise.resolve() };
  for (const method of READS) methods[method] = (...args) => calls.read(method, args);
  for (const method of WRITES) methods[method] = (...args) => calls.write({ method, args });
  return methods as unknown as Store;
}

class Calls {
  readonly #context: RunContext;
  readonly #options: SimStoreOptions;
  #lastApplyMs = 0;

  constructor(context: RunContext, options: SimStoreOptions) {
    this.#context = context;
    this.#options = options;
  }

  read(method: keyof Store, args: readonly unknown[]): Promise<unknown> {
    const { scheduler, plan, chance } = this.#context;
    const { caller, disk } = this.#options;
    return new Promise((resolve, reject) => {
      scheduler.after(caller, chance.delay(plan.store.delayMs), method, () => {
        if (this.#happens(plan.store.failChance)) reject(failure(method, false));
        else disk.read(method, args).then(resolve, reject);
      });
    });
  }

  write(write: Write): Promise<unknown> {
    const { plan, scheduler, chance } = this.#context;
    const { carrier } = this.#options;
    return new Promise((resolve, reject) => {
      if (this.#happens(plan.store.failChance)) return this.#fail(write, reject);
      const slowMs = this.#happens(plan.store.stallChance) ? chance.between(200, plan.store.stallMs) : 0;
      const ownMs = scheduler.nowMs + chance.delay(plan.store.delayMs) + slowMs;
      // A local store takes the writes of a thread in order; over a network each goes its own way.
      const atMs = plan.store.remote ? ownMs : Math.max(ownMs, this.#lastApplyMs + 0.001);
      this.#lastApplyMs = atMs;
      scheduler.at(carrier, atMs, `apply ${write.method}`, () => this.#apply(write, resolve, reject));
    });
  }

  /** Not applied; the caller may or may not be sure of that. */
  #fail({ method }: Write, reject: (error: unknown) => void): void {
    const { scheduler, chance, trace } = this.#context;
    const { caller } = this.#options;
    const inDoubt = chance.chance(0.5);
    const delayMs = inDoubt ? chance.between(50, 400) : chance.between(1, 20);
    scheduler.after(caller, delayMs, `${method} failed`, () => {
      trace.line(
        scheduler.nowMs,
        caller.name,
        () => `store ${method}: failed, not applied, inDoubt ${inDoubt}`,
      );
      reject(failure(method, inDoubt));
    });
  }

  #apply(write: Write, resolve: (answer: unknown) => void, reject: (error: unknown) => void): void {
    const { scheduler, plan, chance, world, trace, observer } = this.#context;
    const { disk, caller } = this.#options;
    const timesOut = this.#happens(plan.store.doubtChance);
    const answer = disk.apply(write);
    trace.line(
      scheduler.nowMs,
      caller.name,
      () => `store ${write.method} applied${timesOut ? ', times out' : ''} ${describe(write)}`,
    );
    answer.then(
      (value) => observer.applied(write, value),
      () => undefined,
    );
    const syncMs = chance.delay(plan.store.syncMs);
    scheduler.after(world, syncMs, 'sync', () => disk.sync());
    const answerMs = syncMs + (timesOut ? chance.between(50, 400) : chance.delay(plan.store.delayMs));
    scheduler.after(caller, answerMs + 0.001, `${write.method} answered`, () => {
      if (timesOut) reject(failure(write.method, true));
      else answer.then(resolve, reject);
    });
    answer.catch(() => undefined); // told when it is answered
  }

  #happens(probability: number): boolean {
    return this.#context.faults.on && this.#context.chance.chance(probability);
  }
}

function failure(method: string, inDoubt: boolean): EngineError {
  return new EngineError('STORE_FAILED', { message: `simulated: ${method}`, inDoubt });
}

function describe({ args }: Write): string {
  const [first] = args;
  if (typeof first !== 'object' || first === null) return String(first);
  return Object.entries(first)
    .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
    .map(([name, value]) => `${name} ${String(value).slice(0, 24)}`)
    .join(', ');
}
