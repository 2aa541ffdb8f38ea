/** Many payees with an output each: what the service does with its parts, for more of them than a round can have. */
import { sats } from '../../src/core/sats.ts';
import { LIMITS } from '../../src/core/limits.ts';
import { depositEntry, payoutEntry } from '../../src/ledger/entries.ts';
import { type JournalEntry, ledgerAccounts } from '../../src/ledger/journal.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { assert } from '../../src/core/assert.ts';
import type { AccountId, RoundId, StreamId } from '../../src/core/ids.ts';
import type { PayoutPart } from '../../src/ports/payouts.ts';
import { anchorScript } from '../../src/settlement/anchor.ts';
import { battleTerms } from '../../src/settlement/testing/battle.ts';
import { COINS_WANTED, Treasury } from '../../src/settlement/treasury.ts';
import { buildPayoutTransactions } from '../../src/wallet/payout-transactions.ts';
import { type Parts, PartTimer } from './parts.ts';
import type { Bank } from './bank.ts';

const PAYOUT_SATS = sats(1_000);
const FEE_SATS_PER_KB = 100;

interface Due {
  readonly kind: 'supporter';
  readonly account: AccountId;
  readonly paidSats: typeof PAYOUT_SATS;
}

export async function settleOutputs(bank: Bank, id: string, count: number): Promise<Parts> {
  const { store, chain, treasury } = bank;
  const roundId = id as RoundId;
  const treasuryOf = new Treasury({ store, clock: systemClock, faucet: chain, account: treasury.account });
  await treasuryOf.ensure();
  const generation = await openRound(bank, roundId, count);
  const coins = await store.freeCoins(COINS_WANTED);

  const timer = new PartTimer();
  const payees = Array.from({ length: count }, (_, no): Due => {
    return { kind: 'supporter', account: accountNo(no), paidSats: PAYOUT_SATS };
  });
  const parts = partsOf(roundId, payees);
  const entry = entryOf(roundId, payees);
  timer.end('plan');
  const built = await buildPayoutTransactions(
    { parts, coins, feeSatsPerKb: FEE_SATS_PER_KB, coinsWanted: COINS_WANTED },
    treasury.privateKey,
  );
  assert(built.ok, 'the treasury covers the payees');
  const { transactions } = built;
  timer.end('build and sign');
  const committed = await store.commitSettlement({
    roundId,
    generation,
    statement: new Uint8Array(),
    plan: new Uint8Array(),
    entry,
    transactions: transactions.map(({ txid, ef, feeSats }, no) => ({ txid, roundId, no, ef, feeSats })),
    reservedCoins: transactions.flatMap(({ txid, spends }) =>
      spends.map((coin) => ({ ...coin, spentBy: txid })),
    ),
    changeCoins: transactions.flatMap(({ change }) => change),
  });
  assert(committed.ok && committed.applied, 'the settlement is stored');
  timer.end('commit');
  const outcomes = await chain.submit(transactions.map(({ txid, ef }) => ({ txid, ef })));
  assert(
    outcomes.every(({ outcome }) => outcome === 'accepted'),
    'the chain accepts every transaction',
  );
  timer.end('broadcast');
  for (const [no, { txid, feeSats }] of transactions.entries()) {
    const ofTransaction = payees.slice(
      no * LIMITS.outputsPerTransactionMax,
      (no + 1) * LIMITS.outputsPerTransactionMax,
    );
    const payout = payoutEntry({ txid, atMs: systemClock.nowMs(), payees: ofTransaction, feeSats });
    await store.advanceTransaction({ txid, to: 'accepted', entry: payout });
  }
  timer.end('book');
  const { balanced } = await treasuryOf.reconcile();
  assert(balanced, 'the books agree with the coins');
  return timer.parts;
}

/** A round with one payer, whose hold is all that will be paid; the generation. */
async function openRound({ store }: Bank, roundId: RoundId, count: number): Promise<number> {
  const atMs = systemClock.nowMs();
  const account = payerOf(roundId);
  const hold = { streamId: streamOf(roundId), roundId, account, sats: count * PAYOUT_SATS, atMs };
  await store.createRound({ terms: battleTerms(roundId), createdAtMs: atMs });
  const acquired = await store.acquireRound(roundId);
  assert(acquired.ok, 'the round was just made');
  const posted = await store.post(depositEntry({ key: roundId, account, sats: hold.sats, atMs }));
  const held = await store.hold(hold);
  assert(posted.ok && held.ok, 'the operator has funds');
  return acquired.generation;
}

function partsOf(roundId: RoundId, payees: readonly Due[]): PayoutPart[] {
  const size = LIMITS.outputsPerTransactionMax;
  const parts = Math.ceil(payees.length / size);
  const root = { hash: new Uint8Array(32), sumSats: sats(payees.length * PAYOUT_SATS) };
  const anchor = { roundId, commitment: new Uint8Array(32), root, leaves: payees.length, parts };
  return Array.from({ length: parts }, (_, part) => ({
    dataScript: anchorScript({ ...anchor, part }),
    payees: payees
      .slice(part * size, (part + 1) * size)
      .map(({ account, paidSats }) => ({ account, sats: paidSats })),
  }));
}

function entryOf(roundId: RoundId, payees: readonly Due[]): JournalEntry {
  const total = payees.length * PAYOUT_SATS;
  const legs = payees.map(({ account, paidSats }) => ({
    account: ledgerAccounts.earned(account),
    sats: paidSats,
  }));
  return {
    id: `settlement:${roundId}`,
    kind: 'settlement',
    atMs: systemClock.nowMs(),
    legs: [{ account: ledgerAccounts.held(payerOf(roundId)), sats: -total }, ...legs],
  };
}

function accountNo(no: number): AccountId {
  return (no + 1).toString(16).padStart(40, '0') as AccountId;
}

function payerOf(roundId: RoundId): AccountId {
  return Buffer.from(roundId).toString('hex').padStart(40, 'f') as AccountId;
}

function streamOf(roundId: RoundId): StreamId {
  return Buffer.from(roundId).toString('hex').padStart(32, 'f') as StreamId;
}
