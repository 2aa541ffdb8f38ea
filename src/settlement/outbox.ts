/**
 * The second half of a settlement: brings the stored bytes to the network, whatever it answers, and follows them
 * until they are mined in a block of ours. Owned by main.
 *
 *   planned --accepted by the network--> accepted --Merkle path leads to our own header--> mined
 *
 * The same bytes are sent again for ever; no answer, or one that can be read two ways, changes nothing. What the
 * network refuses stays planned and is logged: nobody else can spend the coins that it reserves.
 */
import { assert } from '../core/assert.ts';
import { followMerklePath } from '../core/block.ts';
import { type Sha256, fromHex } from '../core/bytes.ts';
import type { Txid } from '../core/ids.ts';
import { displayHash } from '../core/transaction.ts';
import { payoutEntry } from '../ledger/entries.ts';
import type { Broadcaster, ChainTransaction, HeaderSource, SubmitOutcome } from '../ports/chain.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { OutboxTransaction, SettlementRecord, Store } from '../ports/store.ts';
import { decodePlan, payeesOfTransaction } from './plan.ts';
import type { SerialQueue } from './serial-queue.ts';

export interface OutboxOptions {
  readonly store: Store;
  readonly broadcaster: Broadcaster;
  readonly headers: HeaderSource;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly sha256: Sha256;
  /** Held while books and coins change together. */
  readonly queue: SerialQueue;
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #refused = new Set<Txid>();

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Takes every transaction of the settlement as far as it goes now. One call per settlement at a time. */
  async advance(record: SettlementRecord): Promise<void> {
    const { transactions } = record;
    const planned = transactions.filter((transaction) => transaction.status === 'planned');
    for (const outcome of await this.#submit(planned)) await this.#onOutcome(record, outcome);
    for (const transaction of transactions) {
      if (transaction.status !== 'mined') await this.#follow(record, transaction);
    }
  }

  /** Answers for all of them: a broadcaster that fails has told nothing. */
  async #submit(transactions: readonly OutboxTransaction[]): Promise<readonly SubmitOutcome[]> {
    if (transactions.length === 0) return [];
    try {
      return await this.#options.broadcaster.submit(transactions.map(({ txid, ef }) => ({ txid, ef })));
    } catch (error) {
      this.#options.logger.warn('broadcaster failed', { error });
      return [];
    }
  }

  async #onOutcome(record: SettlementRecord, { txid, outcome, detail }: SubmitOutcome): Promise<void> {
    const { roundId } = record;
    if (outcome === 'accepted') await this.#book(record, txid);
    else if (outcome === 'unknown')
      this.#options.logger.warn('submission in doubt', { roundId, txid, detail });
    else if (!this.#refused.has(txid)) {
      this.#refused.add(txid);
      this.#options.logger.error('settlement transaction refused', { roundId, txid, detail });
    }
  }

  /** Asks what became of it: an answer that was lost is found here. */
  async #follow(record: SettlementRecord, { txid, ef, status }: OutboxTransaction): Promise<void> {
    const { broadcaster, logger } = this.#options;
    let found: ChainTransaction | undefined;
    try {
      found = await broadcaster.status(txid);
      // Accepted once and gone: a network may forget. The same bytes again cannot hurt.
      if (found === undefined && status === 'accepted') await broadcaster.submit([{ txid, ef }]);
    } catch (error) {
      logger.warn('broadcaster failed', { txid, error });
      return;
    }
    if (found === undefined || found.status === 'rejected') return;
    await this.#book(record, txid);
    if (found.status === 'mined') await this.#onMined(found);
  }

  /** planned -> accepted: pays the payees and the miner in the books, once. */
  async #book(record: SettlementRecord, txid: Txid): Promise<void> {
    const { store, clock, queue } = this.#options;
    const plan = decodePlan(record.plan);
    const transaction = plan.transactions.find((planned) => planned.txid === txid);
    assert(transaction !== undefined, `transaction ${txid} is planned`);
    const entry = payoutEntry({
      txid,
      atMs: clock.nowMs(),
      payees: payeesOfTransaction(plan, txid),
      feeSats: transaction.feeSats,
    });
    await queue.run(() => store.advanceTransaction({ txid, to: 'accepted', entry }));
    this.#refused.delete(txid);
  }

  /** accepted -> mined, if the path leads from the transaction to a header that we hold ourselves. */
  async #onMined({ txid, merklePath, blockHeight }: ChainTransaction): Promise<void> {
    const { store, headers, logger, sha256, queue } = this.#options;
    if (merklePath === null || blockHeight === null) return;
    const followed = followMerklePath(merklePath, fromHex(txid).toReversed(), sha256);
    const proven =
      followed?.height === blockHeight &&
      (await headers.isValidRootForHeight(displayHash(followed.root), blockHeight));
    if (!proven) {
      logger.error('Merkle path does not lead to our header', { txid, blockHeight });
      return;
    }
    await queue.run(() => store.advanceTransaction({ txid, to: 'mined', merklePath, blockHeight }));
  }
}
