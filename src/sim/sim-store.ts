/**
 * The Store port of one thread, over the disk of the run. Calls take time, are applied at one moment and answered
 * later. Faults, as a database across a network has them: a call that fails before it was applied, one that times out
 * after (in doubt), one that times out and was not applied, and now and then one that takes very long. A remote store
 * besides: writes that arrive late (late-writes.ts), lists that are no one state (torn-reads.ts), a server that is
 * killed or cannot be reached (store-server.ts). What is acknowledged is synced, whatever happens to the server.
 */
import { type Code, EngineError } from '../core/errors.ts';
import type { Store } from '../ports/store.ts';
import type { StoreFlaws } from './canaries/canary.ts';
import type { Disk } from './disk.ts';
import type { Write, WriteMethod } from './write.ts';
import { lateCondition } from './late-writes.ts';
import type { RunContext } from './run-context.ts';
import type { Life } from './scheduler.ts';
import type { Outage } from './store-server.ts';
import { TORN_LISTS, readTorn } from './torn-reads.ts';

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

/** Writes that a cluster does not make in one step: they are decided, finished or undone by whoever comes by. */
const MANY_RECORDS: ReadonlySet<WriteMethod> = new Set([
  'post',
  'commitSettlement',
  'commitRefund',
  'advanceTransaction',
  'addCoins',
]);

export interface SimStoreOptions {
  readonly disk: Disk;
  /** Who calls: answers die with it. */
  readonly caller: Life;
  /** Whose death loses calls that were not applied yet: the process, or nobody where the database is another machine. */
  readonly carrier: Life;
  /** What a planted bug makes of it. */
  readonly flaws: StoreFlaws;
}

/** After which an answer that does not come counts as lost, from and to. */
const TIMEOUT_MS = [400, 1_500] as const;

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
    const { caller } = this.#options;
    return new Promise((resolve, reject) => {
      scheduler.after(caller, chance.delay(plan.store.delayMs), method, () => {
        const outage = this.#outage();
        if (outage !== null && (outage.kind !== 'readOnly' || method === 'check')) {
          if (method === 'check') resolve(false);
          else this.#refuse(method, outage.kind, reject);
        } else if (this.#happens(plan.store.failChance)) reject(failure(method, false));
        else this.#look(method, args).then(resolve, reject);
      });
    });
  }

  #look(method: keyof Store, args: readonly unknown[]): Promise<unknown> {
    const { scheduler, plan, remoteChance, faults } = this.#context;
    const { caller, disk } = this.#options;
    const list = TORN_LISTS[method];
    if (list === undefined || plan.store.tornMs === 0 || !faults.on) return disk.read(method, args);
    const later = (): Promise<void> =>
      new Promise((resolve) => {
        scheduler.after(caller, remoteChance.delay(plan.store.tornMs / 2), `${method} goes on`, resolve);
      });
    return readTorn(list, { disk, args, chance: remoteChance }, later);
  }

  write(write: Write): Promise<unknown> {
    const { plan, scheduler, chance, remoteChance, faults, server } = this.#context;
    const { carrier } = this.#options;
    const { kills } = server;
    return new Promise((resolve, reject) => {
      const outage = this.#outage();
      if (outage !== null) {
        this.#refuse(write.method, outage.kind, reject);
        if (outage.kind === 'silent' && remoteChance.chance(0.3)) this.#arriveAt(outage.untilMs, write);
        return;
      }
      const lateChance = MANY_RECORDS.has(write.method) ? plan.store.lateManyChance : plan.store.lateChance;
      if (faults.on && lateChance > 0 && remoteChance.chance(lateChance)) {
        this.#refuse(write.method, 'silent', reject);
        return this.#arriveAt(scheduler.nowMs + remoteChance.between(1, plan.store.lateMs), write);
      }
      if (this.#happens(plan.store.failChance)) return this.#fail(write, reject);
      const slowMs = this.#happens(plan.store.stallChance) ? chance.between(200, plan.store.stallMs) : 0;
      const ownMs = scheduler.nowMs + chance.delay(plan.store.delayMs) + slowMs;
      // A local store takes the writes of a thread in order; over a network each goes its own way.
      const atMs = plan.store.remote ? ownMs : Math.max(ownMs, this.#lastApplyMs + 0.001);
      this.#lastApplyMs = atMs;
      scheduler.at(carrier, atMs, `apply ${write.method}`, () => {
        // On its way to a server that was killed meanwhile: it never arrives.
        if (server.kills === kills) this.#apply(write, resolve, reject);
        else this.#refuse(write.method, 'silent', reject);
      });
    });
  }

  #outage(): ReturnType<RunContext['server']['outage']> {
    const { server, scheduler } = this.#context;
    return server.outage(scheduler.nowMs);
  }

  /** Nothing is done, and the caller hears of it as the kind of outage has it. */
  #refuse(method: keyof Store, kind: Outage, reject: (error: unknown) => void): void {
    const { scheduler, remoteChance, trace } = this.#context;
    const { caller } = this.#options;
    const isSilent = kind === 'silent';
    const delayMs = isSilent ? remoteChance.between(...TIMEOUT_MS) : remoteChance.between(0, 20);
    const inDoubt = isSilent && WRITES.some((write) => write === method);
    scheduler.after(caller, delayMs, `${method} failed`, () => {
      trace.line(scheduler.nowMs, caller.name, () => `store ${method}: ${kind}, inDoubt ${inDoubt}`);
      reject(failure(method, inDoubt, kind === 'refuses' ? 'UNAVAILABLE' : 'STORE_FAILED'));
    });
  }

  /** Its caller has given it up, or will; it is done all the same, if what it is conditional on still holds. */
  #arriveAt(atMs: number, write: Write): void {
    const { scheduler, world, remoteChance, trace, observer, server, plan } = this.#context;
    const { disk, flaws, caller } = this.#options;
    const { kills } = server;
    const condition = lateCondition(write, disk.state);
    scheduler.at(world, atMs, `late ${write.method}`, () => {
      if (server.kills !== kills) return;
      const isApplied = condition(disk.state) || flaws.blindWhenLate.includes(write.method);
      trace.line(
        scheduler.nowMs,
        caller.name,
        () => `store ${write.method} late${isApplied ? '' : ', too late'} ${describe(write)}`,
      );
      if (!isApplied) return;
      const late = { ...write, late: true } as const;
      disk.apply(late).then(
        (value) => observer.applied(late, value),
        () => undefined, // nobody waits for what it says
      );
      scheduler.after(world, remoteChance.delay(plan.store.syncMs), 'sync', () => disk.sync());
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
    const { scheduler, plan, chance, world, trace, observer, server } = this.#context;
    const { disk, caller, flaws } = this.#options;
    const { kills } = server;
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
    let isSynced = flaws.answersUnsynced;
    scheduler.after(world, syncMs, 'sync', () => {
      disk.sync();
      isSynced ||= server.kills === kills;
    });
    const waitMs = flaws.answersUnsynced ? 0 : syncMs;
    const answerMs = waitMs + (timesOut ? chance.between(50, 400) : chance.delay(plan.store.delayMs));
    scheduler.after(caller, answerMs + 0.001, `${write.method} answered`, () => {
      if (timesOut || !isSynced) reject(failure(write.method, true));
      else answer.then(resolve, reject);
    });
    answer.catch(() => undefined); // told when it is answered
  }

  #happens(probability: number): boolean {
    return this.#context.faults.on && this.#context.chance.chance(probability);
  }
}

function failure(method: string, inDoubt: boolean, code: Code = 'STORE_FAILED'): EngineError {
  return new EngineError(code, { message: `simulated: ${method}`, inDoubt });
}

function describe({ args }: Write): string {
  const [first] = args;
  if (typeof first !== 'object' || first === null) return String(first);
  return Object.entries(first)
    .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
    .map(([name, value]) => `${name} ${String(value).slice(0, 24)}`)
    .join(', ');
}
