/** Which coins of a settlement each of its transactions spends and makes. Pure; shared by the stores. */
import { assert } from '../core/assert.ts';
import type { Txid } from '../core/ids.ts';
import type { Coin, SettlementCommit } from '../ports/store.ts';

export type CoinRef = Pick<Coin, 'txid' | 'vout'>;

export interface CoinLinks {
  readonly spends: readonly CoinRef[];
  readonly makes: readonly CoinRef[];
}

/** Asserts that every coin belongs to a transaction of the commit, and none is named twice. */
export function coinsOfTransactions(commit: SettlementCommit): ReadonlyMap<Txid, CoinLinks> {
  const links = new Map<Txid, { spends: CoinRef[]; makes: CoinRef[] }>();
  for (const { txid } of commit.transactions) links.set(txid, { spends: [], makes: [] });
  assert(links.size === commit.transactions.length, 'a settlement names a transaction twice');
  const seen = new Set<string>();
  const link = (by: Txid | undefined, kind: 'spends' | 'makes', coin: CoinRef): void => {
    const key = `${coin.txid}:${coin.vout}`;
    const of = by === undefined ? undefined : links.get(by);
    assert(of !== undefined && !seen.has(key), `coin ${key} is named twice or by no transaction`);
    seen.add(key);
    of[kind].push({ txid: coin.txid, vout: coin.vout });
  };
  const first = commit.transactions[0]?.txid;
  for (const coin of commit.reservedCoins) link(coin.spentBy ?? first, 'spends', coin);
  for (const coin of commit.changeCoins) link(coin.txid, 'makes', coin);
  return links;
}
