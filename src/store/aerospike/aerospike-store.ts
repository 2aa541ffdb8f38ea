/**
 * The Store port on Aerospike. In the main thread of a process it has a connection of its own; in other
 * threads it goes through the one that main has opened with the same options (thread-bridge.ts).
 *
 * A single record is all that is atomic there (community edition). What that means for each method, and what
 * an acknowledged write is worth: docs/AEROSPIKE.md.
 */
import { isMainThread } from 'node:worker_threads';
import { EngineError, refuse } from '../../core/errors.ts';
import type { Store } from '../../ports/store.ts';
import { balancesAfter } from '../postings.ts';
import { spillLog } from './account-log.ts';
import { accountReads } from './account-reads.ts';
import { Acknowledgements } from './acknowledgements.ts';
import { integerOf } from './bins.ts';
import { Coins } from './coins.ts';
import { Holds } from './holds.ts';
import { accountChanges } from './intent.ts';
import type { At } from './mutation.ts';
import { AEROSPIKE_DEFAULTS, type AerospikeOptions } from './options.ts';
import { Outbox } from './outbox.ts';
import { Records } from './records.ts';
import { Rounds } from './rounds.ts';
import { Settlements } from './settlements.ts';
import { borrowStore, lendStore } from './thread-bridge.ts';
import { Transactions } from './transactions.ts';
import { type Wire, openWire } from './wire.ts';

/** For the flush itself, beyond the longest time the server waits before it. */
const FLUSH_SPARE_MS = 20;
const SCHEMA_VERSION = 1;
const SCHEMA_AT: At = { set: 'index', key: 'schema' };
const CHECK_AT: At = { set: 'index', key: 'check' };

/** @throws {EngineError} STORE_FAILED (no cluster, no package, unknown schema) or UNAVAILABLE (main has it not open). */
export async function openAerospikeStore(options: Partial<AerospikeOptions> = {}): Promise<Store> {
  const all: AerospikeOptions = Object.freeze({ ...AEROSPIKE_DEFAULTS, ...options });
  return isMainThread ? await openHere(all) : await borrowStore(all);
}

async function openHere(options: AerospikeOptions): Promise<Store> {
  return lendStore(options, await openStoreOn(await openWire(options), options));
}

/** On a connection that is there; closes it when it is closed, or cannot be opened. */
export async function openStoreOn(wire: Wire, options: AerospikeOptions): Promise<Store> {
  const records = new Records(wire, options);
  try {
    await ensureSchema(records, options);
    const transactions = new Transactions(records, options, (at, bins) => spillLog(records, at, bins));
    const delayMs = options.ackDelayMs ?? (await flushedAfterMs(records));
    const acknowledgements = new Acknowledgements(delayMs, () => records.clusterKey());
    const tidy = async (): Promise<void> => {
      await transactions.recover();
      if (delayMs > 0) await acknowledgements.look();
    };
    await tidy();
    const sweep = setInterval(() => void tidy().catch(ignoreFault), 2 * options.stalledMs);
    sweep.unref();
    const store = assemble(records, transactions, () => clearInterval(sweep));
    return delayMs > 0 ? acknowledgements.delayed(store) : store;
  } catch (error) {
    await records.close();
    throw error;
  }
}

function assemble(records: Records, transactions: Transactions, stop: () => void): Store {
  const rounds = new Rounds(records, transactions);
  const holds = new Holds(records, transactions);
  const coins = new Coins(records, transactions);
  const settlements = new Settlements({ records, transactions, holds, coins });
  const outbox = new Outbox({ records, transactions, coins });
  const reads = accountReads(records, transactions);
  return {
    createRound: (input) => rounds.createRound(input),
    readRound: (roundId) => rounds.readRound(roundId),
    listRounds: (page) => rounds.listRounds(page),
    unfinishedRounds: () => rounds.unfinishedRounds(),
    acquireRound: (roundId) => rounds.acquireRound(roundId),
    appendSegment: (write) => rounds.appendSegment({ ...write, bytes: write.bytes.slice() }),
    saveSnapshot: (write) => rounds.saveSnapshot({ ...write, bytes: write.bytes.slice() }),
    finishRound: (write) => rounds.finishRound(write),

    ...reads,
    hold: (hold) => holds.hold(hold),
    shrinkHold: (change) => holds.shrink(change),
    holdsOfRound: (roundId) => holds.ofRound(roundId),
    async post(entry) {
      balancesAfter(entry, () => 0); // asserts the entry
      const written = await transactions.write({ entry, changes: accountChanges(entry) });
      if (written.kind === 'refused') return refuse('INSUFFICIENT_FUNDS');
      return { ok: true, applied: written.kind === 'applied' };
    },

    commitSettlement: (commit) => settlements.commitSettlement(commit),
    commitRefund: (refund) => settlements.commitRefund(refund),
    readSettlement: (roundId) => outbox.readSettlement(roundId),
    advanceTransaction: (change) => outbox.advanceTransaction(change),
    openTransactions: () => outbox.openTransactions(),
    addCoins: (input) => coins.addCoins(input),
    freeCoins: (limit) => coins.freeCoins(limit),
    coinTotalSats: () => coins.coinTotalSats(),
    putReceipt: (roundId, bytes) => outbox.putReceipt(roundId, bytes),
    readReceipt: (roundId) => outbox.readReceipt(roundId),

    async check() {
      try {
        const put = { op: 'put', bin: 'at', value: Date.now() } as const;
        await records.apply({ at: CHECK_AT, ops: [put] }, () => false);
        return (await records.get(CHECK_AT)) !== undefined;
      } catch (error) {
        if (error instanceof EngineError) return false;
        throw error;
      }
    },
    async close() {
      stop();
      await records.close();
    },
  };
}

async function flushedAfterMs(records: Records): Promise<number> {
  const ms = await records.flushWithinMs();
  return ms === 0 ? 0 : ms + FLUSH_SPARE_MS;
}

async function ensureSchema(records: Records, options: AerospikeOptions): Promise<void> {
  const put = { op: 'put', bin: 'version', value: SCHEMA_VERSION } as const;
  await records.apply({ at: SCHEMA_AT, ops: [put], existence: 'create' }, (bins) => bins !== undefined);
  const found = integerOf(await records.get(SCHEMA_AT), 'version');
  if (found === SCHEMA_VERSION) return;
  throw new EngineError('STORE_FAILED', {
    message:
      `The namespace ${options.namespace} has schema ${found} and this version reads ${SCHEMA_VERSION}. ` +
      'Run the version that wrote it, or use another namespace or set prefix.',
  });
}

/** A sweep that fails is made up for by the next one, and by whoever meets what it would have cleared. */
function ignoreFault(error: unknown): void {
  if (!(error instanceof EngineError)) throw error;
}
