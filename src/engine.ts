/**
 * The engine put together: store, chain, settlement, threads, API, page. Composition root of the main thread;
 * used by `npm start`, by the demo command and by tests, which all get the same engine.
 */
import type { ApiApp } from './api/context.ts';
import { createApi } from './api/server.ts';
import { buildPage } from './api/page.ts';
import { type Supervisor, startSupervisor } from './actors/supervisor.ts';
import { openDevChain } from './chain/dev-chain.ts';
import { openDataDir, readOrMakeAdminToken, refuseMissingParts } from './data-dir.ts';
import { createEngineControl } from './engine-control.ts';
import { EngineError } from './core/errors.ts';
import { WS_PATH } from './core/limits.ts';
import { LiveRounds } from './live-rounds.ts';
import { type StoreChoice, openStore, storeChoiceOf } from './open-store.ts';
import { systemClock } from './platform/clock.ts';
import { createLogger } from './platform/logger.ts';
import { checkPort } from './platform/port-check.ts';
import { systemRandom } from './platform/random.ts';
import type { AccountId, RoundId } from './core/ids.ts';
import type { Phase } from './round/terms.ts';
import type { EngineControl } from './ports/engine.ts';
import type { Logger } from './ports/logger.ts';
import { CLOSE } from './protocol/close-codes.ts';
import { RoundKeeper } from './round-keeper.ts';
import type { EdgeSettings } from './edge/settings.ts';
import type { EdgeThreadData } from './edge-thread.ts';
import { MAILBOX_LIMITS } from './actors/mailbox.ts';
import type { ShardThreadData } from './shard-thread.ts';
import { type Reconciliation, createSettlementService } from './settlement/service.ts';
import type { Config } from './settings.ts';
import { loadOrCreateTreasuryKey } from './wallet/keys.ts';

/** After the last round that was waited for is settled, until its viewers have seen that. */
const RESULT_SHOWN_MS = 500;
/** Not while the engine starts, nor while a shard that was started again restores its rounds. */
const SPARE_SHARD_AFTER_MS = 2_000;

export interface Engine {
  readonly apiUrl: string;
  readonly wsUrl: string;
  readonly adminToken: string;
  readonly dataDir: string;
  readonly platformAccount: AccountId;
  readonly control: EngineControl;
  readonly supervisor: Supervisor;
  /** False when the round is not in that phase, or gone, after `timeoutMs`. */
  untilPhase(roundId: RoundId, phase: Phase, timeoutMs: number): Promise<boolean>;
  /** Ledger against coins against liabilities, now. */
  reconcile(): Promise<Reconciliation>;
  /**
   * Makes no new round from now on, and waits for those that end within `timeoutMs` to be settled, for no longer than
   * that. How many of them were, and how many were not.
   */
  drain(timeoutMs: number): Promise<{ readonly settled: number; readonly left: number }>;
  /** Saves every round and ends every thread. False when a thread had to be ended. Idempotent. */
  stop(): Promise<boolean>;
}

export interface EngineOptions {
  readonly logger?: Logger;
  /** Off for engines that only programs talk to: saves bundling the page. */
  readonly page?: boolean;
}

/** @throws {EngineError} when something cannot be started; whatever was started is stopped again. */
export async function startEngine(config: Config, options: EngineOptions = {}): Promise<Engine> {
  const logger = options.logger ?? createLogger({ level: config.logLevel, room: 'engine' });
  const undo: (() => unknown)[] = [];
  const stopAll = async (): Promise<void> => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    return await assemble(config, options, logger, undo, stopAll);
  } catch (error) {
    await stopAll();
    throw error;
  }
}

async function assemble(
  config: Config,
  options: EngineOptions,
  logger: Logger,
  undo: (() => unknown)[],
  stopAll: () => Promise<void>,
): Promise<Engine> {
  const dir = openDataDir(config.dataDir);
  undo.push(() => dir.release());
  const page = options.page === false ? null : buildPage();
  page?.catch(() => undefined); // awaited below; whoever fails first is reported

  const choice = storeChoiceOf(config, dir.file('store'));
  const ownStore = config.store === 'lmdb'; // one of another machine is older than this directory may be
  if (ownStore) refuseMissingParts(dir, { complete: false });
  const store = await openStore(choice);
  undo.push(() => store.close());
  if (ownStore && (await store.coinTotalSats()) > 0) refuseMissingParts(dir, { complete: true });
  const chain = await openDevChain({
    path: dir.file('chain'),
    clock: systemClock,
    random: systemRandom,
    logger,
    blockIntervalMs: config.blockIntervalMs,
  });
  undo.push(() => chain.close());

  const { account: platformAccount } = await loadOrCreateTreasuryKey(dir.file('platform-key'), systemRandom);
  const settlement = await createSettlementService({
    store,
    broadcaster: chain,
    headers: chain,
    faucet: chain,
    clock: systemClock,
    logger,
    treasury: await loadOrCreateTreasuryKey(dir.file('treasury-key'), systemRandom),
    receiptsDir: dir.file('receipts'),
    onProgress: (roundId, progress) => keeper.onProgress(roundId, progress),
  });
  undo.push(() => settlement.close());
  await settlement.ensureTreasury();

  const live = new LiveRounds(systemClock);
  const keeper = new RoundKeeper({ store, settlement, live, clock: systemClock, logger });
  undo.push(() => keeper.close());
  await checkEdgePort(config);
  const supervisor = await startThreads(config, logger, choice, keeper);
  undo.push(() => supervisor.stop());
  keeper.use(supervisor);
  supervisor.height(await chain.currentHeight());
  undo.push(chain.onBlock((height) => supervisor.height(height)));
  await keeper.recover();
  await settlement.resume();

  let draining = false;
  let stopping: Promise<boolean> | undefined;
  const control = createEngineControl({
    store,
    supervisor,
    keeper,
    live,
    settlement,
    headers: chain,
    clock: systemClock,
    stopping: () => draining || stopping !== undefined,
  });
  const adminToken = config.adminToken ?? readOrMakeAdminToken(dir);
  const edgePort = supervisor.edgePort ?? config.edgePort;
  const api = await createApi({
    engine: control,
    config,
    clock: systemClock,
    logger,
    adminToken,
    platformAccount,
    edgePort,
    page: page === null ? null : await page,
  });
  undo.push(() => api.close());
  const apiUrl = await listenForApi(api, config);

  return {
    apiUrl,
    wsUrl: config.publicWsUrl ?? wsUrlOf(config.edgeHost, edgePort),
    adminToken,
    dataDir: dir.path,
    platformAccount,
    control,
    supervisor,
    untilPhase: (roundId, phase, timeoutMs) => live.waitFor(roundId, (now) => now === phase, timeoutMs),
    reconcile: () => settlement.reconcile(),
    async drain(timeoutMs) {
      draining = true;
      const ending = live.endingBy(systemClock.nowMs() + timeoutMs);
      const ends = await Promise.all(ending.map((roundId) => live.waitFor(roundId, isOver, timeoutMs)));
      const settled = ends.filter(Boolean).length;
      // The frame with the result may still wait for its turn (frames are up to 50 ms apart) and has to be sent.
      if (settled > 0) await new Promise<void>((resolve) => systemClock.after(RESULT_SHOWN_MS, resolve));
      return { settled, left: ends.length - settled };
    },
    stop() {
      stopping ??= (async () => {
        live.clear();
        const clean = supervisor.stop(); // asked for again by stopAll, with the same answer
        await stopAll();
        return clean;
      })();
      return stopping;
    },
  };
}

function isOver(phase: Phase): boolean {
  return phase === 'settled' || phase === 'cancelled';
}

async function listenForApi(api: ApiApp, config: Config): Promise<string> {
  const { apiHost: host, apiPort: port } = config;
  try {
    return await api.listen({ host, port });
  } catch (error) {
    throw cannotListen(`${host}:${port} (--api-host, --api-port)`, error);
  }
}

/** Before the threads do: none of them would notice another engine there. */
async function checkEdgePort({ edgeHost: host, edgePort: port }: Config): Promise<void> {
  try {
    await checkPort({ host, port });
  } catch (error) {
    throw cannotListen(`${host}:${port} (--edge-host, --edge-port)`, error);
  }
}

function cannotListen(where: string, cause: unknown): EngineError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new EngineError('UNAVAILABLE', { message: `cannot listen on ${where}: ${reason}`, cause });
}

function startThreads(
  config: Config,
  logger: Logger,
  store: StoreChoice,
  keeper: RoundKeeper,
): Promise<Supervisor> {
  const mailbox = { ...MAILBOX_LIMITS, inputsMax: config.mailboxInputsMax };
  return startSupervisor({
    shards: config.shardThreads,
    edges: config.edgeThreads,
    shardEntry: new URL('./shard-thread.ts', import.meta.url),
    edgeEntry: new URL('./edge-thread.ts', import.meta.url),
    shardData: (shard, isSpare): ShardThreadData => ({
      shard,
      store,
      mailbox,
      logLevel: config.logLevel,
      isSpare,
    }),
    edgeData: (edge, port): EdgeThreadData => ({
      edge,
      host: config.edgeHost,
      port: port ?? config.edgePort,
      settings: edgeSettings(config),
      logLevel: config.logLevel,
    }),
    clock: systemClock,
    logger,
    stopCloseCode: CLOSE.RESTARTING,
    spareShardAfterMs: SPARE_SHARD_AFTER_MS,
    events: keeper.events,
  });
}

/** What an edge needs to know, and nothing else: no secrets. */
function edgeSettings(config: Config): EdgeSettings {
  const { network, allowedOrigins, trustProxy, maxConnections, maxConnectionsPerAddress, maxFrameBytes } =
    config;
  const {
    authTimeoutMs,
    idleTimeoutMs,
    maxBackpressureBytes,
    slowReaderMs,
    messagesPerSecond,
    ackIntervalMs,
  } = config;
  return {
    network,
    allowedOrigins,
    trustProxy,
    maxConnections,
    maxConnectionsPerAddress,
    maxFrameBytes,
    authTimeoutMs,
    idleTimeoutMs,
    maxBackpressureBytes,
    slowReaderMs,
    messagesPerSecond,
    ackIntervalMs,
  };
}

function wsUrlOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `ws://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}${WS_PATH}`;
}
