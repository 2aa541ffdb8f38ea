/** Coins of the treasury in the database: their states, the index of free ones and their total. */
import { assert } from '../../core/assert.ts';
import type { RoundId } from '../../core/ids.ts';
import type { Coin, CoinState } from '../../ports/store.ts';
import type { CoinRef } from '../coin-links.ts';
import { type CoinValue, coinCodec, coinRefCodec } from './codecs.ts';
import type { Transaction, View } from './database.ts';
import { counter, putCounter } from './journal.ts';
import { keys, prefix } from './keys.ts';

/** Value of all coins that are not spent. */
const TOTAL = 'coinTotalSats';

export function coinState(view: View, coin: CoinRef): CoinState | undefined {
  return view.read(coinCodec, keys.coin(coin))?.state;
}

export function addCoin(tx: Transaction, coin: CoinRef, value: CoinValue): void {
  putCoin(tx, coin, value);
  putCounter(tx, TOTAL, counter(tx, TOTAL) + value.sats);
}

/** `roundId`: who reserves it; a coin that is free belongs to none. */
export function moveCoin(tx: Transaction, coin: CoinRef, to: CoinState, roundId?: RoundId): void {
  const value = tx.read(coinCodec, keys.coin(coin));
  assert(value !== undefined, `coin ${coin.txid}:${coin.vout} is gone`);
  if (value.state === 'free') tx.remove(keys.freeCoin(value.sats, coin));
  const owner = to === 'free' ? null : (roundId ?? value.roundId);
  putCoin(tx, coin, { sats: value.sats, state: to, roundId: owner });
  if (to === 'spent') putCounter(tx, TOTAL, counter(tx, TOTAL) - value.sats);
}

function putCoin(tx: Transaction, coin: CoinRef, value: CoinValue): void {
  tx.put(keys.coin(coin), coinCodec.encode(value));
  if (value.state === 'free') tx.put(keys.freeCoin(value.sats, coin), coinRefCodec.encode(coin));
}

export function freeCoins(view: View, limit: number): readonly Coin[] {
  return Array.from(view.scan(prefix('F'), { limit }), ({ value }) => {
    const ref = coinRefCodec.decode(value);
    const coin = view.read(coinCodec, keys.coin(ref));
    assert(coin?.state === 'free', `coin ${ref.txid}:${ref.vout} is indexed as free and is not`);
    return { ...ref, ...coin };
  });
}

export function coinTotalSats(view: View): number {
  return counter(view, TOTAL);
}
