/**
 * The first half of a settlement: from a statement to one commit in the store that books the split, closes the
 * holds, reserves coins and keeps the signed bytes. Nothing is sent before that. Called under the service's queue,
 * so that no other settlement reads the same coins or balances meanwhile.
 */
import { EngineError, type Refusal, refuse } from '../core/errors.ts';
import type { RoundId, Txid } from '../core/ids.ts';
import { refundEntry, settlementEntry } from '../ledger/entries.ts';
import type { JournalEntry } from '../ledger/journal.ts';
import type { Clock } from '../ports/clock.ts';
import type { SettlementCommit, Store } from '../ports/store.ts';
import type { RoundStatement } from '../round/statement.ts';
import type { BuildPool } from './build-pool.ts';
import { divisionOfStatement, payeeAccounts } from './draft.ts';
import { encodeStatementSteps } from './statement-codec.ts';
import { COINS_READ_MAX, COINS_WANTED, type Treasury } from './treasury.ts';

export interface Settling {
  readonly roundId: RoundId;
  readonly generation: number;
  readonly statement: RoundStatement;
}

export interface CommitContext {
  readonly store: Store;
  readonly pool: BuildPool;
  readonly treasury: Treasury;
  readonly clock: Clock;
  readonly feeSatsPerKb: number;
  /** Gives others a turn between the parts of a long computation. */
  readonly turn: () => Promise<void>;
}

export type CommitOutcome = { readonly ok: true } | Refusal<'STALE_GENERATION'>;

/** @throws {EngineError} when it cannot be done now; nothing was changed then. */
export async function commitSettlement(settling: Settling, context: CommitContext): Promise<CommitOutcome> {
  const { store, pool, treasury, feeSatsPerKb } = context;
  const { roundId, generation } = settling;
  if ((await store.readSettlement(roundId)) !== undefined) return { ok: true };
  await treasury.ensure();
  const statement = await encodeInTurns(settling.statement, context.turn);
  const request = {
    statement,
    carriedIn: await treasury.carriedIn(payeeAccounts(settling.statement)),
    coins: await store.freeCoins(COINS_READ_MAX),
    feeSatsPerKb,
    coinsWanted: COINS_WANTED,
  };
  // The entry is made while the build thread works: for 20,000 viewers both take some 150 ms.
  const building = pool.build(request);
  const splitting = splitEntry(settling, context);
  // Both have ended before either may fail: the pool does not survive being closed with work under way.
  await Promise.allSettled([building, splitting]);
  const [built, entry] = await Promise.all([building, splitting]);
  if (entry === null) return { ok: true };
  if (!built.ok) {
    throw new EngineError(built.code, { message: `the treasury cannot pay for ${roundId}` });
  }
  const { plan, transactions } = built;
  const commit: SettlementCommit = {
    roundId,
    generation,
    statement,
    plan,
    entry,
    transactions: transactions.map(({ txid, ef, feeSats }, no) => ({ txid, roundId, no, ef, feeSats })),
    reservedCoins: transactions.flatMap(({ txid, spends }) => spends.map((coin) => reserved(coin, txid))),
    changeCoins: transactions.flatMap(({ change }) => change),
  };
  const committed = await commitOrSplitAgain(commit, settling, context);
  if (committed.ok) return { ok: true };
  if (committed.code === 'STALE_GENERATION') return refuse(committed.code);
  throw new EngineError(committed.code, { message: `settlement of ${roundId} was refused` });
}

/**
 * A stream that was closed last may have been letting go of its hold when the holds were read: the store refuses such an
 * entry, and the next one has the holds as they are by then.
 */
async function commitOrSplitAgain(
  commit: SettlementCommit,
  settling: Settling,
  context: CommitContext,
): ReturnType<Store['commitSettlement']> {
  const { store } = context;
  try {
    return await store.commitSettlement(commit);
  } catch (error) {
    if (!(error instanceof EngineError) || error.inDoubt) throw error;
    const entry = await splitEntry(settling, context);
    return entry === null ? { ok: true, applied: false } : await store.commitSettlement({ ...commit, entry });
  }
}

/** A cancelled round: every hold back, in one commit. */
export async function commitRefund(
  refund: Omit<Settling, 'statement'>,
  { store, clock }: Pick<CommitContext, 'store' | 'clock'>,
): Promise<CommitOutcome> {
  const { roundId } = refund;
  const holds = await store.holdsOfRound(roundId);
  const atMs = clock.nowMs();
  const entry = refundEntry({ roundId, atMs, holds }) ?? emptyEntry('refund', roundId, atMs);
  return await store.commitRefund({ ...refund, entry });
}

/** Null when the settlement turns out to be stored: its holds are closed, so there is nothing to plan with. */
async function splitEntry(
  { roundId, statement }: Settling,
  { store, clock }: CommitContext,
): Promise<JournalEntry | null> {
  const { terms, streams, supporters } = statement;
  const atMs = clock.nowMs();
  const holds = await store.holdsOfRound(roundId);
  // Only now: a commit that was reported in doubt may be applied at any moment, also while the holds were read.
  if ((await store.readSettlement(roundId)) !== undefined) return null;
  const entry = settlementEntry({
    roundId,
    atMs,
    holds,
    paidByStream: new Map(streams.map(({ signed, paidSats }) => [signed.commitment.streamId, paidSats])),
    division: divisionOfStatement(statement),
    participants: terms.participants,
    supporters,
    platformAccount: terms.platformAccount,
  });
  return entry ?? emptyEntry('settlement', roundId, atMs);
}

/** For a round in which nobody held a sat: the commit still has to be made, but moves nothing. */
function emptyEntry(kind: 'settlement' | 'refund', roundId: RoundId, atMs: number): JournalEntry {
  return { id: `${kind}:${roundId}`, kind, atMs, legs: [] };
}

function reserved(
  { txid, vout }: { readonly txid: Txid; readonly vout: number },
  spentBy: Txid,
): SettlementCommit['reservedCoins'][number] {
  return { txid, vout, spentBy };
}

async function encodeInTurns(statement: RoundStatement, turn: () => Promise<void>): Promise<Uint8Array> {
  const steps = encodeStatementSteps(statement);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await turn();
  }
}
