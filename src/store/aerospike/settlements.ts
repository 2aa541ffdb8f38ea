/**
 * Settlements and refunds: what closes the holds of a round and books where the sats go.
 *
 *   outbox/settlement/<round>   no (order of settlements), statement, plan (blobs), txids
 *   index/numbers/0             settlements: numbers given out
 */
import { assert } from '../../core/assert.ts';
import { EngineError, type Refusal, refuse } from '../../core/errors.ts';
import type { RoundId, Txid } from '../../core/ids.ts';
import { type JournalEntry, assertBalanced } from '../../ledger/journal.ts';
import type { FencedWrite, SettlementCommit, SettlementStore } from '../../ports/store.ts';
import { type CoinLinks, coinsOfTransactions } from '../coin-links.ts';
import { checkHoldsCovered } from '../holds.ts';
import { userKey } from './account-rows.ts';
import { integerOf } from './bins.ts';
import { type BlobRef, discardBlobs, writeBlob } from './blobs.ts';
import { lockIn, roundAt, settlementAt } from './change-steps.ts';
import { type Coins, inOrder } from './coins.ts';
import type { Holds } from './holds.ts';
import {
  type AccountChange,
  type Change,
  type CoinChange,
  type HoldsClosed,
  type OutboxChange,
  type SettlementChange,
  accountChanges,
} from './intent.ts';
import { addMember, indexes } from './indexes.ts';
import type { At } from './mutation.ts';
import type { Records } from './records.ts';
import type { RefusalCode, Transactions } from './transactions.ts';

type Commits = Pick<SettlementStore, 'commitSettlement' | 'commitRefund'>;
type SettlementAnswer = Awaited<ReturnType<Commits['commitSettlement']>>;

const NUMBERS_AT: At = { set: 'index', key: 'numbers/0' };

export class Settlements implements Commits {
  readonly #records: Records;
  readonly #transactions: Transactions;
  readonly #holds: Holds;
  readonly #coins: Coins;

  constructor(parts: {
    readonly records: Records;
    readonly transactions: Transactions;
    readonly holds: Holds;
    readonly coins: Coins;
  }) {
    this.#records = parts.records;
    this.#transactions = parts.transactions;
    this.#holds = parts.holds;
    this.#coins = parts.coins;
  }

  async commitSettlement(commit: SettlementCommit): Promise<SettlementAnswer> {
    const { roundId, entry, changeCoins } = commit;
    if (!(await this.#owns(commit))) return refuse('STALE_GENERATION');
    if (await this.#isSettled(roundId)) return { ok: true, applied: false };
    const links = coinsOfTransactions(commit);
    if (!(await this.#areFree(commit))) return refuse('COIN_TAKEN');
    const closing = await this.#closing(entry, roundId);
    const blobs = await this.#writeBlobs(commit);
    await this.#coins.list(changeCoins);
    const no = await this.#nextNumber();
    await addMember(this.#records, indexes.openSettlements, String(no), roundId);
    const changes: Change[] = [
      { kind: 'round', roundId, generation: commit.generation },
      ...(await this.#coinChanges(commit)),
      ...closing.changes,
      ...outboxChanges(commit, { links, efs: blobs.efs }),
      settlementChange(commit, { no, statement: blobs.statement, plan: blobs.plan }),
    ];
    const written = await this.#transactions.write({ entry, changes }, closing.isStill);
    if (written.kind === 'applied') return { ok: true, applied: true };
    await discardBlobs(this.#records, [blobs.statement, blobs.plan, ...blobs.efs.values()]);
    if (written.kind === 'replayed') {
      assert(await this.#isSettled(roundId), `entry ${entry.id} was posted before what it belongs to`);
      return { ok: true, applied: false };
    }
    return refusalOf(written.code, entry);
  }

  async commitRefund(refund: Parameters<Commits['commitRefund']>[0]): Promise<FencedWrite> {
    const { roundId, generation, entry } = refund;
    if (!(await this.#owns(refund))) return refuse('STALE_GENERATION');
    if (await this.#transactions.isWritten(entry.id)) return { ok: true };
    const closing = await this.#closing(entry, roundId);
    // Also where nothing is held: a hold that somebody asked for may still be on its way.
    if (closing.changes.length === 0) return { ok: true };
    const changes: Change[] = [{ kind: 'round', roundId, generation }, ...closing.changes];
    const written = await this.#transactions.write({ entry, changes }, closing.isStill);
    if (written.kind !== 'refused') return { ok: true };
    const refusal = refusalOf(written.code, entry);
    assert(refusal.code === 'STALE_GENERATION', `refund ${entry.id} takes out more than is held`);
    return refuse(refusal.code);
  }

  async #owns({ roundId, generation }: { roundId: RoundId; generation: number }): Promise<boolean> {
    const at = roundAt(roundId);
    const bins = await this.#records.get(at, ['gen', 'lock']);
    if (bins === undefined || integerOf(bins, 'gen') !== generation) return false;
    const deciding = lockIn(bins);
    if (deciding !== undefined) await this.#transactions.clear(at, deciding);
    return true;
  }

  async #isSettled(roundId: RoundId): Promise<boolean> {
    return (await this.#records.get(settlementAt(roundId), ['no'])) !== undefined;
  }

  /** A first look, so that little is written for what cannot be; the write itself decides. */
  async #areFree({ reservedCoins }: SettlementCommit): Promise<boolean> {
    const coins = await this.#coins.read(reservedCoins);
    return coins.every((coin) => coin?.state === 'free');
  }

  /** The legs of the entry, and every account that has a hold in the round or could be about to get one. */
  async #closing(
    entry: JournalEntry,
    roundId: RoundId,
  ): Promise<{ readonly changes: readonly AccountChange[]; readonly isStill: () => Promise<boolean> }> {
    const { holds, accounts } = await this.#holds.standing(roundId);
    checkHoldsCovered(entry, holds);
    if (entry.legs.length > 0) assertBalanced(entry);
    const own = Map.groupBy(holds, ({ account }) => account);
    const closes = new Map<string, HoldsClosed>();
    for (const account of accounts) {
      const closed = (own.get(account) ?? []).map(({ streamId, sats }) => [streamId, sats] as const);
      closes.set(userKey(account), { roundId, holds: closed, atMs: entry.atMs });
    }
    const isStill = async (): Promise<boolean> => {
      const now = await this.#holds.accountsOf(roundId);
      return [...now].every((account) => accounts.has(account));
    };
    return { changes: accountChanges(entry, closes), isStill };
  }

  async #coinChanges(commit: SettlementCommit): Promise<readonly CoinChange[]> {
    const { roundId, reservedCoins, changeCoins } = commit;
    return inOrder<CoinChange['coin'] & { readonly sats?: number }>([...reservedCoins, ...changeCoins]).map(
      ({ txid, vout, sats }) => ({
        kind: 'coin',
        coin: { txid, vout },
        from: sats === undefined ? 'free' : null,
        to: sats === undefined ? 'reserved' : 'pending',
        sats: sats ?? 0,
        roundId,
      }),
    );
  }

  async #writeBlobs(commit: SettlementCommit): Promise<{
    readonly statement: BlobRef;
    readonly plan: BlobRef;
    readonly efs: ReadonlyMap<Txid, BlobRef>;
  }> {
    const [statement, plan] = await Promise.all([
      writeBlob(this.#records, commit.statement),
      writeBlob(this.#records, commit.plan),
    ]);
    const efs = await Promise.all(
      commit.transactions.map(async ({ txid, ef }) => [txid, await writeBlob(this.#records, ef)] as const),
    );
    return { statement, plan, efs: new Map(efs) };
  }

  /** Numbers rise; one may be left out. */
  async #nextNumber(): Promise<number> {
    const bin = 'settlements';
    for (;;) {
      const last = integerOf(await this.#records.get(NUMBERS_AT), bin);
      const outcome = await this.#records.apply(
        {
          at: NUMBERS_AT,
          ops: [
            { op: 'add', bin, by: 1 },
            { op: 'read', bin },
          ],
          when: [{ is: 'equal', bin, value: last }],
        },
        () => false, // whose it was cannot be told: another number is as good
      );
      if (outcome.kind === 'applied') return integerOf(outcome.bins, bin);
    }
  }
}

function outboxChanges(
  { roundId, transactions, changeCoins }: SettlementCommit,
  made: {
    readonly links: ReadonlyMap<Txid, CoinLinks>;
    readonly efs: ReadonlyMap<Txid, BlobRef>;
  },
): readonly OutboxChange[] {
  const satsOf = new Map(changeCoins.map(({ txid, vout, sats }) => [`${txid}:${vout}`, sats]));
  return transactions.map(({ txid, no, feeSats }) => {
    const link = made.links.get(txid);
    const ef = made.efs.get(txid);
    assert(ef !== undefined, `transaction ${txid} has no bytes`);
    const makes = (link?.makes ?? []).map((coin) => ({
      ...coin,
      sats: satsOf.get(`${coin.txid}:${coin.vout}`) ?? 0,
    }));
    return { kind: 'outbox', txid, roundId, no, feeSats, ef, spends: link?.spends ?? [], makes };
  });
}

function settlementChange(
  { roundId, transactions }: SettlementCommit,
  made: { readonly no: number; readonly statement: BlobRef; readonly plan: BlobRef },
): SettlementChange {
  return { kind: 'settlement', roundId, ...made, txids: transactions.map(({ txid }) => txid) };
}

function refusalOf(
  code: RefusalCode,
  entry: JournalEntry,
): Refusal<'STALE_GENERATION' | 'COIN_TAKEN' | 'INSUFFICIENT_FUNDS'> {
  if (code === 'HOLDS_MOVED') {
    throw new EngineError('STORE_FAILED', {
      message: `Holds changed while ${entry.id} was written: read the holds and plan again.`,
    });
  }
  assert(
    code === 'STALE_GENERATION' || code === 'COIN_TAKEN' || code === 'INSUFFICIENT_FUNDS',
    `${entry.id} cannot be written: ${code}`,
  );
  return refuse(code);
}
