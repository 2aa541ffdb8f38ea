/**
 * The outbox of transactions, and receipts.
 *
 *   outbox/<txid>            round, no, fee, ef (blob), status, spends, makes, path (blob), height
 *   outbox/receipt/<round>   bytes (blob), v: how often it was put
 */
import { assert } from '../../core/assert.ts';
import type { RoundId, Txid } from '../../core/ids.ts';
import type { JournalEntry } from '../../ledger/journal.ts';
import type { OutboxTransaction, SettlementRecord, SettlementStore, TxStatus } from '../../ports/store.ts';
import type { CoinRef } from '../coin-links.ts';
import { balancesAfter } from '../postings.ts';
import { existing, integerOf, listOf, textOf } from './bins.ts';
import { BlobGone, blobIn, blobValue, discardBlobs, readBlob, readBlobs, writeBlob } from './blobs.ts';
import { lockIn, outboxAt, roundAt, settlementAt } from './change-steps.ts';
import { type Coins, inOrder } from './coins.ts';
import { type CoinChange, accountChanges } from './intent.ts';
import { indexes, membersOf, removeMember } from './indexes.ts';
import type { At, Bins } from './mutation.ts';
import type { Records } from './records.ts';
import type { Transactions } from './transactions.ts';

type OutboxStore = Pick<
  SettlementStore,
  'advanceTransaction' | 'openTransactions' | 'readSettlement' | 'putReceipt' | 'readReceipt'
>;
type Advance = Parameters<SettlementStore['advanceTransaction']>[0];
type Mined = Extract<Advance, { to: 'mined' }>;

export class Outbox implements OutboxStore {
  readonly #records: Records;
  readonly #transactions: Transactions;
  readonly #coins: Coins;

  constructor(parts: {
    readonly records: Records;
    readonly transactions: Transactions;
    readonly coins: Coins;
  }) {
    this.#records = parts.records;
    this.#transactions = parts.transactions;
    this.#coins = parts.coins;
  }

  async readSettlement(roundId: RoundId): Promise<SettlementRecord | undefined> {
    const bins = await this.#settlement(roundId);
    if (bins === undefined) return undefined;
    const txids = listOf(bins, 'txids') as readonly Txid[];
    const at = settlementAt(roundId);
    const parts = [blobIn(bins, 'statement'), blobIn(bins, 'plan')].map((ref) => {
      assert(ref !== undefined, `settlement ${at.key} lacks its bytes`);
      return ref;
    });
    const [statement, plan] = await readBlobs(this.#records, parts);
    assert(statement !== undefined && plan !== undefined, `settlement ${at.key} lacks its bytes`);
    return { roundId, statement, plan, transactions: await this.#read(txids) };
  }

  async advanceTransaction(change: Advance): Promise<void> {
    const at = outboxAt(change.txid);
    const bins = await this.#records.get(at);
    assert(bins !== undefined, `transaction ${change.txid} is not in the outbox`);
    if (change.to === 'accepted') await this.#accept(change.txid, bins, change.entry);
    else await this.#mine(change, bins);
  }

  async openTransactions(): Promise<readonly OutboxTransaction[]> {
    const members = await membersOf(this.#records, indexes.openSettlements);
    const oldestFirst = members.map(([no, roundId]) => ({ no: Number(no), roundId: roundId as RoundId }));
    oldestFirst.sort((a, b) => a.no - b.no);
    const settlements = await Promise.all(
      oldestFirst.map(async ({ no, roundId }) => {
        const bins = await this.#settlement(roundId);
        // A number without a settlement belongs to a commit that was refused.
        return integerOf(bins, 'no') === no ? (listOf(bins, 'txids') as readonly Txid[]) : [];
      }),
    );
    const transactions = await this.#read(settlements.flat());
    return transactions.filter(({ status }) => status !== 'mined');
  }

  async putReceipt(roundId: RoundId, bytes: Uint8Array): Promise<void> {
    const at = receiptAt(roundId);
    const ref = await writeBlob(this.#records, bytes);
    for (;;) {
      const before = await this.#records.get(at);
      const version = integerOf(before, 'v');
      const outcome = await this.#records.apply(
        {
          at,
          ops: [
            { op: 'put', bin: 'bytes', value: blobValue(ref) },
            { op: 'put', bin: 'v', value: version + 1 },
          ],
          ...(before === undefined
            ? { existence: 'create' }
            : { when: [{ is: 'equal', bin: 'v', value: version }], existence: 'update' }),
        },
        (bins) => blobIn(bins, 'bytes')?.name === ref.name,
      );
      if (outcome.kind !== 'applied') continue;
      const old = blobIn(before, 'bytes');
      if (old !== undefined) await discardBlobs(this.#records, [old]);
      return;
    }
  }

  async readReceipt(roundId: RoundId): Promise<Uint8Array | undefined> {
    for (let tries = 0; ; tries++) {
      const ref = blobIn(await this.#records.get(receiptAt(roundId)), 'bytes');
      if (ref === undefined) return undefined;
      try {
        return await readBlob(this.#records, ref);
      } catch (error) {
        // Replaced while it was read: read the new one.
        if (!(error instanceof BlobGone) || tries === 16) throw error;
      }
    }
  }

  /** Also one that is committed and not finished: the round's lock tells of it. */
  async #settlement(roundId: RoundId): Promise<Bins | undefined> {
    const bins = await this.#records.get(settlementAt(roundId));
    if (bins !== undefined) return bins;
    const deciding = lockIn(await this.#records.get(roundAt(roundId), ['lock']));
    if (deciding === undefined) return undefined;
    if ((await this.#transactions.decisionOf(deciding)) !== 'committed') return undefined;
    await this.#transactions.rollForward(deciding);
    return await this.#records.get(settlementAt(roundId));
  }

  /** In the order of `txids`. */
  async #read(txids: readonly Txid[]): Promise<readonly OutboxTransaction[]> {
    const found = await this.#records.getMany(txids.map(outboxAt));
    const rows = await Promise.all(
      found.map(async (bins, i) => {
        const at = outboxAt(txids[i] as Txid);
        const lock = lockIn(bins);
        if (lock === undefined || (await this.#transactions.decisionOf(lock)) !== 'committed') {
          return existing(bins, at);
        }
        await this.#transactions.rollForward(lock);
        return existing(await this.#records.get(at), at);
      }),
    );
    const refs = rows.map((bins) => {
      const ref = blobIn(bins, 'ef');
      assert(ref !== undefined, 'a transaction lacks its bytes');
      return ref;
    });
    const paths = rows.map((bins) => blobIn(bins, 'path'));
    const efs = await readBlobs(this.#records, refs);
    const merklePaths = await readBlobs(
      this.#records,
      paths.flatMap((ref) => ref ?? []),
    );
    let at = 0;
    return rows.map((bins, i) => ({
      txid: txids[i] as Txid,
      roundId: textOf(bins, 'round') as RoundId,
      no: integerOf(bins, 'no'),
      ef: efs[i] as Uint8Array,
      status: textOf(bins, 'status') as TxStatus,
      feeSats: integerOf(bins, 'fee'),
      merklePath: paths[i] === undefined ? null : (merklePaths[at++] as Uint8Array),
      blockHeight: bins['height'] === undefined ? null : integerOf(bins, 'height'),
    }));
  }

  async #accept(txid: Txid, bins: Bins, entry: JournalEntry): Promise<void> {
    const at = outboxAt(txid);
    const lock = lockIn(bins);
    if (lock !== undefined) await this.#transactions.clear(at, lock);
    const status = textOf(lock === undefined ? bins : await this.#records.get(at), 'status');
    const spends = spentBy(bins);
    if (status === 'planned') {
      balancesAfter(entry, () => 0); // asserts the entry
      const written = await this.#transactions.write({
        entry,
        changes: [
          { kind: 'accept', txid },
          ...coinChanges(bins, textOf(bins, 'round') as RoundId),
          ...accountChanges(entry),
        ],
      });
      const isPast = written.kind === 'refused' && written.code === 'PAST';
      assert(written.kind !== 'refused' || isPast, `${entry.id} pays what is not there`);
    }
    await this.#coins.unlist(spends);
  }

  async #mine({ txid, merklePath, blockHeight }: Mined, before: Bins): Promise<void> {
    const at = outboxAt(txid);
    if (textOf(before, 'status') === 'mined') return await this.#close(before);
    const ref = await writeBlob(this.#records, merklePath);
    const outcome = await this.#records.apply(
      {
        at,
        ops: [
          { op: 'put', bin: 'status', value: 'mined' },
          { op: 'put', bin: 'path', value: blobValue(ref) },
          { op: 'put', bin: 'height', value: blockHeight },
        ],
        when: [{ is: 'equal', bin: 'status', value: 'accepted' }],
        existence: 'update',
      },
      (bins) => blobIn(bins, 'path')?.name === ref.name,
    );
    if (outcome.kind !== 'applied') {
      await discardBlobs(this.#records, [ref]);
      const status = textOf(await this.#records.get(at), 'status');
      assert(status === 'mined', `transaction ${txid} is mined before it is accepted`);
    }
    await this.#close(before);
  }

  /** Takes the settlement off the list once all of it is mined. */
  async #close(transaction: Bins): Promise<void> {
    const bins = await this.#settlement(textOf(transaction, 'round') as RoundId);
    if (bins === undefined) return;
    const found = await this.#records.getMany((listOf(bins, 'txids') as readonly Txid[]).map(outboxAt));
    if (found.some((one) => textOf(one, 'status') !== 'mined')) return;
    await removeMember(this.#records, indexes.openSettlements, String(integerOf(bins, 'no')));
  }
}

type Ref = readonly [txid: Txid, vout: number];

function spentBy(bins: Bins): readonly CoinRef[] {
  return (listOf(bins, 'spends') as readonly Ref[]).map(([txid, vout]) => ({ txid, vout }));
}

function coinChanges(bins: Bins, roundId: RoundId): readonly CoinChange[] {
  const spends = spentBy(bins).map(
    (coin): CoinChange => ({ kind: 'coin', coin, from: 'reserved', to: 'spent', sats: 0, roundId }),
  );
  const makes = (listOf(bins, 'makes') as readonly Ref[]).map(
    ([txid, vout]): CoinChange => ({
      kind: 'coin',
      coin: { txid, vout },
      from: 'pending',
      to: 'free',
      sats: 0,
      roundId: null,
    }),
  );
  return inOrder([...spends, ...makes].map((change) => ({ ...change.coin, change }))).map(
    ({ change }) => change,
  );
}

function receiptAt(roundId: RoundId): At {
  return { set: 'outbox', key: `receipt/${roundId}` };
}
