/**
 * Lists as a cluster gives them: read record by record, each as it was at some moment between the beginning and the end
 * of the call, not all at the same one. Only lists that store/aerospike reads from several records that change:
 * entries of an account are not among them (its newest are one record, older ones never change).
 */
import type { LedgerAccount } from '../ledger/journal.ts';
import type { Coin, Hold, OutboxTransaction, RoundRecord } from '../ports/store.ts';
import { compareIds } from '../core/ids.ts';
import { rowOf } from '../store/aerospike/account-rows.ts';
import type { Chance } from './chance.ts';
import type { Disk } from './disk.ts';

/** By record: what it has for the list. */
type Records = ReadonlyMap<string, unknown>;

interface TornList {
  /** All records of the list as they are now. */
  read(disk: Disk, args: readonly unknown[]): Promise<Records>;
  /** What the call answers. */
  answer(records: Records, args: readonly unknown[]): unknown;
}

/** Moments of one call. */
const MOMENTS = 3;

export const TORN_LISTS: Readonly<Record<string, TornList>> = {
  unfinishedRounds: {
    async read(disk) {
      const rounds = (await disk.read('unfinishedRounds', [])) as readonly RoundRecord[];
      return new Map(rounds.map((round) => [round.terms.roundId, round]));
    },
    answer(records) {
      const rounds = [...records.values()] as readonly RoundRecord[];
      return rounds.toSorted((a, b) => compareIds(a.terms.roundId, b.terms.roundId));
    },
  },
  /** All holds of a viewer are one record. */
  holdsOfRound: {
    async read(disk, args) {
      const holds = (await disk.read('holdsOfRound', args)) as readonly Hold[];
      return Map.groupBy(holds, ({ account }) => account);
    },
    answer(records) {
      const holds = ([...records.values()] as readonly (readonly Hold[])[]).flat();
      return holds.toSorted((a, b) => compareIds(a.streamId, b.streamId));
    },
  },
  openTransactions: {
    async read(disk) {
      const transactions = (await disk.read('openTransactions', [])) as readonly OutboxTransaction[];
      return new Map(transactions.map((transaction) => [transaction.txid, transaction]));
    },
    answer: (records) => [...records.values()],
  },
  freeCoins: {
    read: async (disk) => byKey((await disk.read('freeCoins', [Number.MAX_SAFE_INTEGER])) as readonly Coin[]),
    answer(records, [limit]) {
      const coins = [...records.values()] as readonly Coin[];
      return coins.toSorted(largestFirst).slice(0, limit as number);
    },
  },
  coinTotalSats: {
    read: async ({ state }) => byKey([...state.coins.values()].filter((coin) => coin.state !== 'spent')),
    answer: (records) =>
      ([...records.values()] as readonly Coin[]).reduce((total, { sats }) => total + sats, 0),
  },
  /** What a viewer has and what is held of it are one record. */
  trialBalance: {
    read: async ({ state }) => Map.groupBy(state.balances, ([account]) => rowOf(account).key),
    answer: (records) =>
      new Map(([...records.values()] as readonly (readonly [LedgerAccount, number][])[]).flat()),
  },
};

/** Calls `read` at each moment of the call; `later` says when the next one is. */
export async function readTorn(
  list: TornList,
  call: { readonly disk: Disk; readonly args: readonly unknown[]; readonly chance: Chance },
  later: () => Promise<void>,
): Promise<unknown> {
  const { disk, args, chance } = call;
  const moments = [await list.read(disk, args)];
  while (moments.length < MOMENTS) {
    await later();
    moments.push(await list.read(disk, args));
  }
  const torn = new Map<string, unknown>();
  for (const key of new Set(moments.flatMap((records) => [...records.keys()]))) {
    const record = chance.pick(moments).get(key);
    if (record !== undefined) torn.set(key, record);
  }
  return list.answer(torn, args);
}

function byKey(coins: readonly Coin[]): Records {
  return new Map(coins.map((coin) => [`${coin.txid}:${coin.vout}`, coin]));
}

function largestFirst(a: Coin, b: Coin): number {
  return b.sats - a.sats || (a.txid < b.txid ? -1 : a.txid > b.txid ? 1 : a.vout - b.vout);
}
