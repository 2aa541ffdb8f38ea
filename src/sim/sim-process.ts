/**
 * One process of the engine: what `engine.ts` puts together, over simulated ports. Supervisor, keeper, live rounds,
 * settlement and the operator's commands are production code; HTTP and files are not here.
 */
import { type Supervisor, startSupervisor } from '../actors/supervisor.ts';
import { AssertionFailure } from '../core/assert.ts';
import { createEngineControl } from '../engine-control.ts';
import { LiveRounds } from '../live-rounds.ts';
import { sha256 } from '../platform/hash.ts';
import type { EngineControl } from '../ports/engine.ts';
import type { Logger } from '../ports/logger.ts';
import type { Store } from '../ports/store.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import { RoundKeeper } from '../round-keeper.ts';
import { buildSettlement, writeReceipt } from '../settlement/build-jobs.ts';
import {
  type SettlementMachine,
  type SettlementService,
  startSettlementService,
} from '../settlement/service.ts';
import type { TreasuryKey } from '../wallet/keys.ts';
import { buildPayoutTransactions } from '../wallet/payout-transactions.ts';
import type { Canary } from './canaries/canary.ts';
import type { Disk } from './disk.ts';
import type { Network } from './network.ts';
import type { RunContext } from './run-context.ts';
import { Life } from './scheduler.ts';
import type { SimChain } from './sim-chain.ts';
import { type Machine, simClock } from './sim-clock.ts';
import { simStore } from './sim-store.ts';
import { SimThreads, type ThreadData } from './sim-threads.ts';

export interface SimProcessOptions {
  readonly context: RunContext;
  readonly no: number;
  readonly machine: Machine;
  readonly disk: Disk;
  readonly chain: SimChain;
  readonly network: Network;
  readonly treasury: TreasuryKey;
  readonly canary: Canary;
}

/** What runs once the engine is up. */
export interface Running {
  readonly control: EngineControl;
  readonly supervisor: Supervisor;
  readonly settlement: SettlementService;
}

/** Nothing is read from it: entry files are for real threads. */
const NO_ENTRY = new URL('file:///simulated');

export class SimProcess {
  readonly life: Life;
  readonly threads: SimThreads;
  readonly #options: SimProcessOptions;
  #running: Running | null = null;
  #stopping = false;

  constructor(options: SimProcessOptions) {
    this.#options = options;
    const { context, no, network, machine, disk, canary } = options;
    this.life = new Life(`e${no}`, context.world);
    const carrier = context.plan.store.remote ? context.world : this.life;
    this.threads = new SimThreads({
      context,
      process: this.life,
      machine,
      network,
      logger: this.#logger(),
      edgeSettings: edgeSettings(context),
      store: (caller) => simStore(context, { disk, caller, carrier, flaws: canary.storeFlaws }),
      wraps: canary,
    });
  }

  /** Null until it has started, and after it was told to stop. */
  get running(): Running | null {
    return this.life.alive && !this.#stopping ? this.#running : null;
  }

  /** As `startEngine` does it; what fails is tried by whoever watches the process. */
  async start(): Promise<void> {
    const { context, chain, treasury, machine, disk } = this.#options;
    const { life } = this;
    const logger = this.#logger();
    const clock = simClock(context.scheduler, machine, life);
    const carrier = context.plan.store.remote ? context.world : life;
    const { canary } = this.#options;
    const store: Store = simStore(context, { disk, caller: life, carrier, flaws: canary.storeFlaws });
    const client = canary.broadcaster(chain.client(life));
    const settlement = startSettlementService(
      {
        store,
        broadcaster: client,
        headers: client,
        faucet: client,
        clock,
        logger,
        treasury,
        onProgress: (roundId, progress) => keeper.onProgress(roundId, progress),
      },
      this.#settlementMachine(),
    );
    await settlement.ensureTreasury();
    const live = new LiveRounds(clock);
    const keeper = new RoundKeeper({ store, settlement, live, clock, logger });
    const { plan } = context;
    const supervisor = await startSupervisor({
      shards: plan.shards,
      edges: plan.edges,
      shardEntry: NO_ENTRY,
      edgeEntry: NO_ENTRY,
      shardData: (shard): ThreadData => ({ kind: 'shard', shard }),
      edgeData: (edge): ThreadData => ({ kind: 'edge', edge }),
      clock,
      logger,
      stopCloseCode: CLOSE.RESTARTING,
      events: keeper.events,
      runner: this.threads,
    });
    keeper.use(supervisor);
    supervisor.height(await client.currentHeight());
    client.onBlock((height) => supervisor.height(height));
    await keeper.recover();
    await settlement.resume();
    const control = createEngineControl({
      store,
      supervisor,
      keeper,
      live,
      settlement,
      headers: client,
      clock,
      stopping: () => this.#stopping,
    });
    this.#running = { control, supervisor, settlement };
  }

  /** As SIGTERM: everything is saved and every thread ends; then the process does. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (running === null) return;
    this.#stopping = true;
    await running.supervisor.stop();
    await running.settlement.close();
    this.life.end();
  }

  /** As SIGKILL. */
  kill(): void {
    for (const thread of this.threads.running) thread.kill();
    this.life.end();
  }

  #settlementMachine(): SettlementMachine {
    const { context, treasury } = this.#options;
    const { scheduler, chance } = context;
    const { life } = this;
    const later = (label: string, delayMs: number): Promise<void> =>
      new Promise((resolve) => void scheduler.after(life, delayMs, label, resolve));
    const tools = {
      sha256,
      buildPayouts: (request: Parameters<typeof buildPayoutTransactions>[0]) =>
        buildPayoutTransactions(request, treasury.privateKey),
    };
    return {
      pool: {
        async build(request) {
          await later('build', chance.between(1, 60));
          return await buildSettlement(structuredClone(request), tools);
        },
        async receipt(request) {
          await later('receipt', chance.between(1, 60));
          return writeReceipt(structuredClone(request), sha256);
        },
        close: () => Promise.resolve(),
      },
      publish: () => later('publish', chance.between(1, 20)),
      turn: () => later('turn', 0),
    };
  }

  /** A bug that somebody catches and logs is found here. */
  #logger(): Logger {
    const { context } = this.#options;
    const { trace, scheduler } = context;
    const log =
      (level: string) =>
      (message: string, fields: Record<string, unknown> = {}): void => {
        trace.line(scheduler.nowMs, this.life.name, () => `${level}: ${message} ${plain(fields)}`);
        const { error } = fields as { readonly error?: unknown };
        if (error instanceof AssertionFailure) context.fail('assertion', error.stack ?? error.message);
      };
    return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
  }
}

function plain(fields: Record<string, unknown>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name} ${value instanceof Error ? value.message : String(value)}`)
    .join(', ');
}

function edgeSettings({ plan }: RunContext): ConstructorParameters<typeof SimThreads>[0]['edgeSettings'] {
  return {
    network: 'dev',
    allowedOrigins: ['*'],
    trustProxy: false,
    maxConnections: 1_000,
    maxConnectionsPerAddress: 1_000,
    maxFrameBytes: 2_048,
    authTimeoutMs: 5_000,
    idleTimeoutMs: plan.net.idleTimeoutMs,
    maxBackpressureBytes: plan.net.maxBackpressureBytes,
    slowReaderMs: 5_000,
    messagesPerSecond: 50,
    ackIntervalMs: 2_000,
  };
}
