/** Settlements, their outbox of transactions, refunds and receipts in the database. */
import { assert } from '../../core/assert.ts';
import { type Refusal, refuse } from '../../core/errors.ts';
import type { RoundId, Txid } from '../../core/ids.ts';
import type { JournalEntry } from '../../ledger/journal.ts';
import type {
  FencedWrite,
  OutboxTransaction,
  SettlementCommit,
  SettlementRecord,
  SettlementStore,
} from '../../ports/store.ts';
import { coinsOfTransactions } from '../coin-links.ts';
import { closeHolds } from './accounts.ts';
import { type TransactionValue, settlementCodec, transactionCodec } from './codecs.ts';
import { addCoin, coinState, moveCoin } from './coins.ts';
import type { Transaction, View } from './database.ts';
import { counter, isPosted, postEntry, putCounter } from './journal.ts';
import { keys, prefix } from './keys.ts';
import { ownerOf } from './rounds.ts';

type Advance = Parameters<SettlementStore['advanceTransaction']>[0];

export const settlementWrites = {
  commitSettlement(
    tx: Transaction,
    commit: SettlementCommit,
  ):
    | { readonly ok: true; readonly applied: boolean }
    | Refusal<'STALE_GENERATION' | 'COIN_TAKEN' | 'INSUFFICIENT_FUNDS'> {
    const { roundId } = commit;
    if (ownerOf(tx, roundId, commit.generation) === undefined) return refuse('STALE_GENERATION');
    if (tx.get(keys.settlement(roundId)) !== undefined) return { ok: true, applied: false };
    const links = coinsOfTransactions(commit);
    for (const coin of commit.reservedCoins) {
      if (coinState(tx, coin) !== 'free') return refuse('COIN_TAKEN');
    }
    for (const coin of commit.changeCoins) {
      assert(coinState(tx, coin) === undefined, `coin ${coin.txid}:${coin.vout} exists`);
    }
    if (!closeHolds(tx, roundId, commit.entry)) return refuse('INSUFFICIENT_FUNDS');
    for (const coin of commit.reservedCoins) moveCoin(tx, coin, 'reserved', roundId);
    for (const coin of commit.changeCoins) addCoin(tx, coin, { sats: coin.sats, state: 'pending', roundId });
    const settlementNo = counter(tx, 'settlements') + 1;
    putCounter(tx, 'settlements', settlementNo);
    for (const { txid, no, feeSats, ef } of commit.transactions) {
      const { spends, makes } = links.get(txid) ?? { spends: [], makes: [] };
      tx.put(keys.extendedFormat(txid), ef);
      tx.put(keys.openTransaction(settlementNo, no), txidValue(txid));
      putTransaction(tx, txid, {
        roundId,
        no,
        settlementNo,
        status: 'planned',
        feeSats,
        blockHeight: null,
        spends,
        makes,
      });
    }
    const txids = commit.transactions.map(({ txid }) => txid);
    const { statement, plan } = commit;
    tx.put(keys.settlement(roundId), settlementCodec.encode({ statement, plan, txids }));
    return { ok: true, applied: true };
  },

  commitRefund(
    tx: Transaction,
    { roundId, generation, entry }: Parameters<SettlementStore['commitRefund']>[0],
  ): FencedWrite {
    if (ownerOf(tx, roundId, generation) === undefined) return refuse('STALE_GENERATION');
    if (isPosted(tx, entry.id)) return { ok: true };
    assert(closeHolds(tx, roundId, entry), `refund ${entry.id} takes out more than is held`);
    return { ok: true };
  },

  advanceTransaction(tx: Transaction, change: Advance): null {
    const { txid } = change;
    const value = tx.read(transactionCodec, keys.transaction(txid));
    assert(value !== undefined, `transaction ${txid} is not in the outbox`);
    if (change.to === 'accepted') accept(tx, { txid, value, entry: change.entry });
    else if (value.status !== 'mined') {
      assert(value.status === 'accepted', `transaction ${txid} is mined before it is accepted`);
      tx.put(keys.merklePath(txid), change.merklePath);
      tx.remove(keys.openTransaction(value.settlementNo, value.no));
      putTransaction(tx, txid, { ...value, status: 'mined', blockHeight: change.blockHeight });
    }
    return null;
  },

  addCoins(tx: Transaction, { coins, entry }: Parameters<SettlementStore['addCoins']>[0]): null {
    if (isPosted(tx, entry.id)) return null;
    for (const coin of coins) {
      assert(coinState(tx, coin) === undefined, `coin ${coin.txid}:${coin.vout} exists`);
    }
    assert(postEntry(tx, entry) === 'posted', `${entry.id} takes out what is not there`);
    for (const coin of coins) addCoin(tx, coin, { sats: coin.sats, state: 'free', roundId: null });
    return null;
  },

  putReceipt(
    tx: Transaction,
    { roundId, bytes }: { readonly roundId: RoundId; readonly bytes: Uint8Array },
  ): null {
    tx.put(keys.receipt(roundId), bytes);
    return null;
  },
} as const;

function accept(
  tx: Transaction,
  accepted: { readonly txid: Txid; readonly value: TransactionValue; readonly entry: JournalEntry },
): void {
  const { txid, value, entry } = accepted;
  if (value.status !== 'planned') return;
  assert(postEntry(tx, entry) !== 'insufficient', `${entry.id} pays what is not there`);
  for (const coin of value.spends) moveCoin(tx, coin, 'spent');
  for (const coin of value.makes) moveCoin(tx, coin, 'free');
  putTransaction(tx, txid, { ...value, status: 'accepted' });
}

function putTransaction(tx: Transaction, txid: Txid, value: TransactionValue): void {
  tx.put(keys.transaction(txid), transactionCodec.encode(value));
}

function txidValue(txid: Txid): Uint8Array {
  return Buffer.from(txid, 'latin1');
}

export function readSettlement(view: View, roundId: RoundId): SettlementRecord | undefined {
  const settlement = view.read(settlementCodec, keys.settlement(roundId));
  if (settlement === undefined) return undefined;
  const { statement, plan, txids } = settlement;
  return { roundId, statement, plan, transactions: txids.map((txid) => readTransaction(view, txid)) };
}

export function openTransactions(view: View): readonly OutboxTransaction[] {
  const rows = [...view.scan(prefix('x'))];
  return rows.map(({ value }) => readTransaction(view, Buffer.from(value).toString('latin1') as Txid));
}

function readTransaction(view: View, txid: Txid): OutboxTransaction {
  const value = view.read(transactionCodec, keys.transaction(txid));
  const ef = view.get(keys.extendedFormat(txid));
  assert(value !== undefined && ef !== undefined, `transaction ${txid} is indexed and not there`);
  const { roundId, no, status, feeSats, blockHeight } = value;
  const merklePath = view.get(keys.merklePath(txid)) ?? null;
  return { txid, roundId, no, ef, status, feeSats, merklePath, blockHeight };
}

export function readReceipt(view: View, roundId: RoundId): Uint8Array | undefined {
  return view.get(keys.receipt(roundId));
}
