/** Small valid values for the suites of the Store port. */
import type { AccountId, RoundId, StreamId, Txid } from '../../src/core/ids.ts';
import { type JournalEntry, type LedgerAccount, ledgerAccounts } from '../../src/ledger/journal.ts';
import type { Hold, SettlementCommit, Store } from '../../src/ports/store.ts';
import type { RoundTerms } from '../../src/round/terms.ts';

const digits = (no: number, length: number): string => no.toString(16).padStart(length, '0');

export const accountId = (no: number): AccountId => digits(no, 40) as AccountId;
export const streamId = (no: number): StreamId => digits(no, 32) as StreamId;
export const txidOf = (no: number): Txid => digits(no, 64) as Txid;
export const roundIdOf = (name: string | number): RoundId => `round-${name}` as RoundId;

export function termsOf(roundId: RoundId): RoundTerms {
  return {
    roundId,
    network: 'dev',
    title: 'Ärger & Freude 🎤',
    participants: [
      { id: 'red' as never, name: 'Red', account: accountId(0xa) },
      { id: 'blue' as never, name: 'Blue', account: accountId(0xb) },
    ],
    lobbyAtMs: 1_700_000_000_000,
    startsAtMs: 1_700_000_030_000,
    end: { kind: 'time', atMs: 1_700_000_090_000 },
    rateSatsPerSecond: 1,
    directBps: 4_500,
    prize: { rankBps: [6_000, 2_000], supporterBps: [1_000], platformBps: 1_000 },
    scoring: { satsWeight: 1, voteWeight: 10, clapWeight: 1 },
    overtime: { windowMs: 5_000, extendMs: 5_000, extensionsMax: 3 },
    closingMs: 2_000,
    payoutMinSats: 546,
    platformAccount: accountId(0xc),
  };
}

export function bytesOf(length: number, fill: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (fill + i * 7) & 0xff);
}

/** Coins come in, and the operator has the sats. */
export async function fundOperator(store: Store, input: { no: number; sats: number }): Promise<void> {
  await store.addCoins({
    coins: [{ txid: txidOf(0xfeed_0000 + input.no), vout: 0, sats: input.sats }],
    entry: transfer(`coins:${input.no}`, ledgerAccounts.treasury, ledgerAccounts.operator, input.sats),
  });
}

/** The viewer's deposit, out of the operator's funds. */
export async function fundViewer(store: Store, account: AccountId, sats: number): Promise<void> {
  const no = Number.parseInt(account.slice(-8), 16);
  await fundOperator(store, { no, sats });
  await store.post(
    transfer(`fund:${account}`, ledgerAccounts.operator, ledgerAccounts.available(account), sats),
  );
}

export function transfer(id: string, from: LedgerAccount, to: LedgerAccount, sats: number): JournalEntry {
  return {
    id,
    kind: 'funding',
    atMs: 1_700_000_000_000,
    legs: [
      { account: from, sats: -sats },
      { account: to, sats },
    ],
  };
}

export async function ownedRound(store: Store, roundId: RoundId): Promise<number> {
  await store.createRound({ terms: termsOf(roundId), createdAtMs: 1_700_000_000_000 });
  const acquired = await store.acquireRound(roundId);
  if (!acquired.ok) throw new Error(`round ${roundId} could not be acquired`);
  return acquired.generation;
}

/** Takes every hold of the round out: `paidSats` of each goes to `earned` of `payee`, the rest back. */
export function closingEntry(
  id: string,
  holds: readonly Hold[],
  input: { paidSats: number; payee: AccountId },
): JournalEntry {
  const legs = holds.flatMap((hold) => {
    const paid = Math.min(input.paidSats, hold.sats);
    return [
      { account: ledgerAccounts.held(hold.account), sats: -hold.sats },
      { account: ledgerAccounts.available(hold.account), sats: hold.sats - paid },
      { account: ledgerAccounts.earned(input.payee), sats: paid },
    ].filter((leg) => leg.sats !== 0);
  });
  return { id, kind: 'settlement', atMs: 1_700_000_100_000, legs };
}

/** Pays what `payee` has earned by one transaction out of one coin, with change. */
export function settlementOf(input: {
  readonly roundId: RoundId;
  readonly generation: number;
  readonly entry: JournalEntry;
  readonly txNo: number;
  readonly coinNo: number;
  readonly changeSats: number;
}): SettlementCommit {
  const txid = txidOf(input.txNo);
  return {
    roundId: input.roundId,
    generation: input.generation,
    statement: bytesOf(3_000, 1),
    plan: bytesOf(500, 2),
    entry: input.entry,
    transactions: [{ txid, roundId: input.roundId, no: 0, ef: bytesOf(700, input.txNo), feeSats: 20 }],
    reservedCoins: [{ txid: txidOf(0xfeed_0000 + input.coinNo), vout: 0 }],
    changeCoins: [{ txid, vout: 1, sats: input.changeSats }],
  };
}

export function payoutEntry(
  id: string,
  input: { payee: AccountId; sats: number; fee: number },
): JournalEntry {
  return {
    id,
    kind: 'payout',
    atMs: 1_700_000_101_000,
    legs: [
      { account: ledgerAccounts.earned(input.payee), sats: -input.sats },
      { account: ledgerAccounts.fees, sats: -input.fee },
      { account: ledgerAccounts.treasury, sats: input.sats + input.fee },
    ],
  };
}

export async function trialSum(store: Store): Promise<number> {
  let sum = 0;
  for (const balance of (await store.trialBalance()).values()) sum += balance;
  return sum;
}
