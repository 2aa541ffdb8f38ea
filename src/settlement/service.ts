/**
 * The settlement service: takes statements of rounds that are over and refunds of cancelled ones, and sees to it
 * that each is booked once, paid once and proven, through any number of restarts. Owned by main.
 *
 * Invariants: everything is stored before anything is sent; a round is settled at most once, whoever asks; books
 * and coins only change one after the other (`#queue`). What cannot be done now is tried again at each block
 * and on a timer. Progress goes out in order and may be repeated.
 */
import { AssertionFailure, assert } from '../core/assert.ts';
import type { RoundId } from '../core/ids.ts';
import { sha256 } from '../platform/hash.ts';
import type { Broadcaster, Faucet, HeaderSource } from '../ports/chain.ts';
import type { Clock } from '../ports/clock.ts';
import type { RoundResults } from '../ports/engine.ts';
import type { Logger } from '../ports/logger.ts';
import type { SettlementRecord, Store } from '../ports/store.ts';
import type { SettlementProgress } from '../round/settlement-progress.ts';
import { type BuildPool, createBuildPool } from './build-pool.ts';
import { type CommitContext, type Settling, commitRefund, commitSettlement } from './commit.ts';
import { Outbox } from './outbox.ts';
import { publishReceipt } from './receipts-dir.ts';
import { resultsOf, stageOf } from './results.ts';
import { SerialQueue } from './serial-queue.ts';
import { type Reconciliation, Treasury, type TreasuryOptions } from './treasury.ts';

export type { Reconciliation } from './treasury.ts';

export interface SettlementOptions {
  readonly store: Store;
  readonly broadcaster: Broadcaster;
  readonly headers: HeaderSource;
  /** Development networks only. */
  readonly faucet: Faucet | null;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly treasury: { readonly account: TreasuryOptions['account'] };
  readonly onProgress: (roundId: RoundId, progress: SettlementProgress) => void;
  readonly feeSatsPerKb?: number;
  /** How often open transactions are asked about, besides at each block. */
  readonly retryIntervalMs?: number;
}

/** What the service needs of the machine: a thread, files, turns of the loop. The simulator has its own. */
export interface SettlementMachine {
  readonly pool: BuildPool;
  /** Makes the receipt file of the round, or replaces it. */
  publish(roundId: RoundId, bytes: Uint8Array): Promise<void>;
  /** Gives others a turn between the parts of a long computation. */
  readonly turn: () => Promise<void>;
}

/** A service on this machine: builds in a thread of its own and publishes receipts in `receiptsDir`. */
export interface HostedSettlementOptions extends SettlementOptions {
  readonly treasury: SettlementOptions['treasury'] & { readonly privateKey: Uint8Array };
  /** Where receipts are published as files. */
  readonly receiptsDir: string;
}

export interface SettlementService {
  /** Takes the statement and returns; `onProgress` tells the rest. Idempotent by round. */
  settle(settling: Settling): void;
  refund(refund: Omit<Settling, 'statement'>): void;
  /** At start: takes up every transaction that is not mined. */
  resume(): Promise<void>;
  /** On development networks, has the faucet fill up what is low. */
  ensureTreasury(): Promise<void>;
  /** Undefined before the settlement is stored. */
  results(roundId: RoundId): Promise<Omit<RoundResults, 'phase'> | undefined>;
  /** The books against the coins, at one moment. */
  reconcile(): Promise<Reconciliation>;
  /** Resolves when nothing is under way; what waits for the network does not count. */
  whenIdle(): Promise<void>;
  close(): Promise<void>;
}

const FEE_SATS_PER_KB = 100;
const RETRY_INTERVAL_MS = 10_000;

type Task =
  | { readonly kind: 'settle'; readonly settling: Settling }
  | { readonly kind: 'refund'; readonly refund: Omit<Settling, 'statement'> }
  /** Committed: transactions are under way. */
  | { readonly kind: 'follow' };

type Stage = SettlementProgress['status'];
const STAGES: readonly Stage[] = ['planned', 'accepted', 'mined'];

export async function createSettlementService(options: HostedSettlementOptions): Promise<SettlementService> {
  const { privateKey } = options.treasury;
  return startSettlementService(options, {
    pool: createBuildPool(new URL('../build-thread.ts', import.meta.url), { privateKey }),
    publish: (roundId, bytes) => publishReceipt(options.receiptsDir, roundId, bytes),
    turn: () => new Promise((resolve) => setImmediate(resolve)),
  });
}

export function startSettlementService(
  options: SettlementOptions,
  machine: SettlementMachine,
): SettlementService {
  return new Service(options, machine);
}

class Service implements SettlementService {
  readonly #options: SettlementOptions;
  readonly #machine: SettlementMachine;
  readonly #queue = new SerialQueue();
  readonly #treasury: Treasury;
  readonly #outbox: Outbox;
  readonly #commit: CommitContext;
  readonly #tasks = new Map<RoundId, Task>();
  readonly #running = new Map<RoundId, Promise<void>>();
  /** How many stages of STAGES each followed round has been told. */
  readonly #told = new Map<RoundId, number>();
  readonly #stopTicks: () => void;
  #closed = false;

  constructor(options: SettlementOptions, machine: SettlementMachine) {
    this.#options = options;
    this.#machine = machine;
    const { pool, turn } = machine;
    const { store, clock, faucet, broadcaster, headers, logger } = options;
    this.#treasury = new Treasury({ store, clock, faucet, account: options.treasury.account });
    this.#outbox = new Outbox({ store, broadcaster, headers, clock, logger, sha256, queue: this.#queue });
    const feeSatsPerKb = options.feeSatsPerKb ?? FEE_SATS_PER_KB;
    this.#commit = { store, pool, clock, treasury: this.#treasury, feeSatsPerKb, turn };
    const timer = clock.every(options.retryIntervalMs ?? RETRY_INTERVAL_MS, () => this.#tick());
    const stopBlocks = headers.onBlock(() => this.#tick());
    this.#stopTicks = () => {
      timer.cancel();
      stopBlocks();
    };
  }

  settle(settling: Settling): void {
    this.#told.delete(settling.roundId); // whoever asks again has not heard
    this.#take(settling.roundId, { kind: 'settle', settling });
  }

  refund(refund: Omit<Settling, 'statement'>): void {
    this.#take(refund.roundId, { kind: 'refund', refund });
  }

  async resume(): Promise<void> {
    const open = await this.#options.store.openTransactions();
    for (const roundId of new Set(open.map((transaction) => transaction.roundId))) {
      if (!this.#tasks.has(roundId)) this.#take(roundId, { kind: 'follow' });
    }
    await this.whenIdle();
  }

  async ensureTreasury(): Promise<void> {
    await this.#queue.run(() => this.#treasury.ensure());
  }

  async results(roundId: RoundId): Promise<Omit<RoundResults, 'phase'> | undefined> {
    const record = await this.#options.store.readSettlement(roundId);
    return record && resultsOf(record);
  }

  async reconcile(): Promise<Reconciliation> {
    return await this.#queue.run(() => this.#treasury.reconcile());
  }

  async whenIdle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopTicks();
    await this.whenIdle();
    await this.#machine.pool.close();
  }

  #take(roundId: RoundId, task: Task): void {
    this.#tasks.set(roundId, task);
    this.#start(roundId);
  }

  #tick(): void {
    for (const roundId of this.#tasks.keys()) this.#start(roundId);
  }

  /** One run per round at a time; a task that came meanwhile is run after it. */
  #start(roundId: RoundId): void {
    if (this.#closed || this.#running.has(roundId)) return;
    const task = this.#tasks.get(roundId);
    if (task === undefined) return;
    const run = this.#run(roundId, task).finally(() => {
      this.#running.delete(roundId);
      const next = this.#tasks.get(roundId);
      if (next !== undefined && next !== task && next.kind !== 'follow') this.#start(roundId);
    });
    this.#running.set(roundId, run);
  }

  /** Never rejects: what fails stays a task and is tried again, except for a bug, which would only repeat. */
  async #run(roundId: RoundId, task: Task): Promise<void> {
    try {
      if (task.kind === 'refund') await this.#refund(roundId, task);
      else await this.#settle(roundId, task);
    } catch (error) {
      this.#options.logger.error('settlement failed', { roundId, error });
      if (error instanceof AssertionFailure) this.#drop(roundId, task);
    }
  }

  async #refund(roundId: RoundId, task: Extract<Task, { kind: 'refund' }>): Promise<void> {
    const refunded = await this.#queue.run(() => commitRefund(task.refund, this.#commit));
    this.#drop(roundId, task);
    if (refunded.ok) this.#options.onProgress(roundId, { status: 'refunded', txids: [] });
    else this.#options.logger.warn('refund left to the new owner of the round', { roundId });
  }

  async #settle(roundId: RoundId, task: Exclude<Task, { kind: 'refund' }>): Promise<void> {
    if (task.kind === 'settle') {
      const committed = await this.#queue.run(() => commitSettlement(task.settling, this.#commit));
      if (!committed.ok) {
        this.#drop(roundId, task);
        this.#options.logger.warn('settlement left to the new owner of the round', { roundId });
        return;
      }
      if (this.#tasks.get(roundId) === task) this.#tasks.set(roundId, { kind: 'follow' });
    }
    const before = await this.#read(roundId);
    await this.#tell(before);
    if (stageOf(before) === 'mined') {
      this.#finish(roundId);
      return;
    }
    await this.#outbox.advance(before);
    const after = await this.#read(roundId);
    await this.#tell(after);
    if (stageOf(after) === 'mined') this.#finish(roundId);
  }

  async #read(roundId: RoundId): Promise<SettlementRecord> {
    const record = await this.#options.store.readSettlement(roundId);
    assert(record !== undefined, `the settlement of ${roundId} is stored`);
    return record;
  }

  /**
   * Every stage that was reached and not told yet, and the receipt for it: after the news that it is accepted,
   * which should not wait for a large file, but before the news that it is mined, after which nobody comes back.
   */
  async #tell(record: SettlementRecord): Promise<void> {
    const { roundId } = record;
    const reached = STAGES.indexOf(stageOf(record));
    const told = this.#told.get(roundId) ?? 0;
    const txids = record.transactions.map(({ txid }) => txid);
    for (let stage = told; stage <= reached; stage++) {
      const status = STAGES[stage];
      if (status === undefined) continue;
      if (status === 'mined') await this.#publish(record);
      this.#options.onProgress(roundId, { status, txids });
      this.#told.set(roundId, stage + 1);
      if (status === 'accepted' && reached === stage) await this.#publish(record);
    }
  }

  async #publish(record: SettlementRecord): Promise<void> {
    const { store, headers } = this.#options;
    const { roundId, statement, plan } = record;
    const transactions = await Promise.all(
      record.transactions.map(async ({ txid, ef, feeSats, merklePath, blockHeight }) => {
        const header = blockHeight === null ? undefined : await headers.header(blockHeight);
        const mined = merklePath !== null && blockHeight !== null && header !== undefined;
        return { txid, ef, feeSats, block: mined ? { height: blockHeight, header, merklePath } : null };
      }),
    );
    const bytes = await this.#machine.pool.receipt({ statement, plan, transactions });
    await store.putReceipt(roundId, bytes);
    await this.#machine.publish(roundId, bytes);
  }

  #finish(roundId: RoundId): void {
    if (this.#tasks.get(roundId)?.kind === 'follow') this.#tasks.delete(roundId);
    this.#told.delete(roundId);
  }

  #drop(roundId: RoundId, task: Task): void {
    if (this.#tasks.get(roundId) === task) this.#tasks.delete(roundId);
  }
}
