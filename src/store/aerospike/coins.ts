/**
 * Coins of the treasury.
 *
 *   coins/<txid>:<vout>   txid, vout, sats, state, round; lock: the write that is changing it
 *
 * State 'void' is a coin that is being added, or was to be and was not.
 */
import { assert } from '../../core/assert.ts';
import type { RoundId, Txid } from '../../core/ids.ts';
import type { Coin, CoinState, SettlementStore } from '../../ports/store.ts';
import type { CoinRef } from '../coin-links.ts';
import { balancesAfter } from '../postings.ts';
import { integerOf, textOf } from './bins.ts';
import { coinAt, lockIn } from './change-steps.ts';
import { accountChanges, coinKey } from './intent.ts';
import { addMember, indexes, membersOf, removeMember } from './indexes.ts';
import type { At, Bins } from './mutation.ts';
import type { Records } from './records.ts';
import type { Transactions } from './transactions.ts';

const PAGE = 128;

type CoinStore = Pick<SettlementStore, 'addCoins' | 'freeCoins' | 'coinTotalSats'>;

export class Coins implements CoinStore {
  readonly #records: Records;
  readonly #transactions: Transactions;

  constructor(records: Records, transactions: Transactions) {
    this.#records = records;
    this.#transactions = transactions;
  }

  async addCoins({ coins, entry }: Parameters<SettlementStore['addCoins']>[0]): Promise<void> {
    balancesAfter(entry, () => 0); // asserts the entry
    await this.list(coins);
    const written = await this.#transactions.write({
      entry,
      changes: [
        ...inOrder(coins).map(
          ({ txid, vout, sats }) =>
            ({ kind: 'coin', coin: { txid, vout }, from: null, to: 'free', sats, roundId: null }) as const,
        ),
        ...accountChanges(entry),
      ],
    });
    assert(written.kind !== 'refused', `${entry.id} adds a coin that exists or takes out what is not there`);
  }

  async freeCoins(limit: number): Promise<readonly Coin[]> {
    const free: Coin[] = [];
    if (limit <= 0) return free;
    const members = await membersOf(this.#records, indexes.coins);
    const listed = members
      .map(([key, sats]) => ({ ...refOf(key), sats: sats as number }))
      .toSorted(largestFirst);
    for (let from = 0; from < listed.length && free.length < limit; from += PAGE) {
      const page = await this.#existing(listed.slice(from, from + PAGE));
      free.push(...page.filter((coin) => coin.state === 'free'));
    }
    return free.slice(0, limit);
  }

  async coinTotalSats(): Promise<number> {
    const members = await membersOf(this.#records, indexes.coins);
    let total = 0;
    for (const coin of await this.#existing(members.map(([key]) => refOf(key)))) {
      if (coin.state !== 'spent') total += coin.sats;
    }
    return total;
  }

  /** As they are now, in the order of `refs`; undefined where there is none. */
  async read(refs: readonly CoinRef[]): Promise<readonly (Coin | undefined)[]> {
    const found = await this.#records.getMany(refs.map(coinAt));
    return await Promise.all(found.map((bins, i) => this.#settled(coinAt(refs[i] as CoinRef), bins)));
  }

  /** Before coins are written: the list names every coin there is. */
  async list(coins: readonly Pick<Coin, 'txid' | 'vout' | 'sats'>[]): Promise<void> {
    await Promise.all(coins.map((coin) => addMember(this.#records, indexes.coins, coinKey(coin), coin.sats)));
  }

  /** After coins are spent. */
  async unlist(coins: readonly CoinRef[]): Promise<void> {
    await Promise.all(coins.map((coin) => removeMember(this.#records, indexes.coins, coinKey(coin))));
  }

  async #existing(refs: readonly CoinRef[]): Promise<readonly Coin[]> {
    return (await this.read(refs)).flatMap((coin) => coin ?? []);
  }

  /** The coin as it is after what has been decided; one that is being added or taken counts as it was. */
  async #settled(at: At, bins: Bins | undefined): Promise<Coin | undefined> {
    const lock = lockIn(bins);
    if (lock === undefined) return coinIn(bins);
    if ((await this.#transactions.decisionOf(lock)) !== 'committed') return coinIn(bins);
    await this.#transactions.rollForward(lock);
    return coinIn(await this.#records.get(at));
  }
}

function coinIn(bins: Bins | undefined): Coin | undefined {
  const state = textOf(bins, 'state');
  if (state === '' || state === 'void') return undefined;
  const roundId = textOf(bins, 'round');
  return {
    txid: textOf(bins, 'txid') as Txid,
    vout: integerOf(bins, 'vout'),
    sats: integerOf(bins, 'sats'),
    state: state as CoinState,
    roundId: roundId === '' ? null : (roundId as RoundId),
  };
}

function refOf(key: string): CoinRef {
  return { txid: key.slice(0, 64) as Txid, vout: Number(key.slice(65)) };
}

/** The order in which writes lock coins, so that no two wait for each other. */
export function inOrder<T extends CoinRef>(coins: readonly T[]): readonly T[] {
  return coins.toSorted((a, b) => (coinKey(a) < coinKey(b) ? -1 : 1));
}

function largestFirst(a: CoinRef & { sats: number }, b: CoinRef & { sats: number }): number {
  return b.sats - a.sats || (a.txid < b.txid ? -1 : a.txid > b.txid ? 1 : a.vout - b.vout);
}
