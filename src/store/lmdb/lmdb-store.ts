/**
 * The Store port on LMDB, embedded. Every thread that needs the store opens a handle of its own; the main
 * thread first, and it closes last. Reads happen in the calling thread, straight from the memory map and
 * from one consistent state. Writes go to the process's writer thread (writer-thread.ts) and resolve when
 * they are durable.
 */
import { resolve } from 'node:path';
import { EngineError } from '../../core/errors.ts';
import type { RoundWrite, Store } from '../../ports/store.ts';
import { holdsOfRound, readBalances } from './accounts.ts';
import { coinTotalSats, freeCoins } from './coins.ts';
import { type View, openDatabase, viewOf } from './database.ts';
import { reading } from './faults.ts';
import { balanceOf, listEntries, trialBalance } from './journal.ts';
import { listRounds, readRound, savedRound, unfinishedRounds } from './rounds.ts';
import { openTransactions, readReceipt, readSettlement } from './settlements.ts';
import { WriterClient } from './writer-client.ts';

export interface LmdbStoreOptions {
  /** Directory of the database; made when it is not there. */
  readonly path: string;
}

/**
 * Throws EngineError: STORE_FAILED (cannot be opened, unknown schema) or UNAVAILABLE (main has not opened
 * it).
 */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<Store> {
  const path = resolve(options.path);
  const writer = await WriterClient.open(path);
  const db = openDatabase(path, { readOnly: true });
  const view = viewOf(db);
  let isOpen = true;

  /** All that `read` sees is one state, at least as new as every write that has resolved. */
  const see = async <T>(read: (view: View) => T): Promise<T> => {
    if (!isOpen) throw new EngineError('UNAVAILABLE', { message: 'The store is closed.' });
    db.resetReadTxn();
    return reading(() => read(view));
  };

  return {
    createRound: (input) => writer.write('createRound', input),
    readRound: (roundId) => see((from) => readRound(from, roundId)),
    listRounds: (page) => see((from) => listRounds(from, page)),
    unfinishedRounds: () => see(unfinishedRounds),
    async acquireRound(roundId) {
      const acquired = await writer.write('acquireRound', roundId);
      if (!acquired.ok) return acquired;
      return { ...acquired, ...(await see((from) => savedRound(from, roundId))) };
    },
    appendSegment: (write) => writer.write('appendSegment', ownBytes(write)),
    saveSnapshot: (write) => writer.write('saveSnapshot', ownBytes(write)),
    finishRound: (write) => writer.write('finishRound', write),

    readBalances: (account) => see((from) => readBalances(from, account)),
    readBalance: (account) => see((from) => balanceOf(from, account)),
    hold: (hold) => writer.write('hold', hold),
    async shrinkHold(input) {
      await writer.write('shrinkHold', input);
    },
    holdsOfRound: (roundId) => see((from) => holdsOfRound(from, roundId)),
    post: (entry) => writer.write('post', entry),
    listEntries: (page) => see((from) => listEntries(from, page)),
    trialBalance: () => see(trialBalance),

    commitSettlement: (commit) =>
      writer.write('commitSettlement', {
        ...commit,
        statement: own(commit.statement),
        plan: own(commit.plan),
        transactions: commit.transactions.map((planned) => ({ ...planned, ef: own(planned.ef) })),
      }),
    commitRefund: (commit) => writer.write('commitRefund', commit),
    readSettlement: (roundId) => see((from) => readSettlement(from, roundId)),
    async advanceTransaction(change) {
      await writer.write(
        'advanceTransaction',
        change.to === 'mined' ? { ...change, merklePath: own(change.merklePath) } : change,
      );
    },
    openTransactions: () => see(openTransactions),
    async addCoins(input) {
      await writer.write('addCoins', input);
    },
    freeCoins: (limit) => see((from) => freeCoins(from, limit)),
    coinTotalSats: () => see(coinTotalSats),
    async putReceipt(roundId, bytes) {
      await writer.write('putReceipt', { roundId, bytes: own(bytes) });
    },
    readReceipt: (roundId) => see((from) => readReceipt(from, roundId)),

    async check() {
      try {
        await writer.write('check', null);
        return await see(() => true);
      } catch (error) {
        if (error instanceof EngineError) return false;
        throw error;
      }
    },
    async close() {
      if (!isOpen) return;
      isOpen = false;
      await writer.close();
      await db.close();
    },
  };
}

/** Sending a view of a larger buffer to another thread would copy all of that buffer. */
function own(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}

function ownBytes(write: RoundWrite): RoundWrite {
  return { ...write, bytes: own(write.bytes) };
}
