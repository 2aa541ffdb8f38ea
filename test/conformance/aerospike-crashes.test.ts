/**
 * The process dies at every single write of every operation, in three ways; another one takes over. Whatever
 * was on its way is then done or not done, never half, and doing it again does it once.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccountId } from '../../src/core/ids.ts';
import { type LedgerAccount, ledgerAccounts } from '../../src/ledger/journal.ts';
import type { Store } from '../../src/ports/store.ts';
import { openStoreOn } from '../../src/store/aerospike/aerospike-store.ts';
import type { AerospikeOptions } from '../../src/store/aerospike/options.ts';
import { type Wire, openWire } from '../../src/store/aerospike/wire.ts';
import { AEROSPIKE_HOSTS, testOptions, truncate } from './aerospike-clean.ts';
import { DEATHS, type Death, MortalWire } from './aerospike-wires.ts';
import {
  accountId,
  bytesOf,
  closingEntry,
  fundOperator,
  fundViewer,
  ownedRound,
  payoutEntry,
  roundIdOf,
  settlementOf,
  streamId,
  termsOf,
  transfer,
  trialSum,
  txidOf,
} from './fixtures.ts';

/** Something to be interrupted: prepared on a healthy store, then done on one that dies. */
interface Case {
  readonly name: string;
  readonly prepare: (store: Store, no: number) => Promise<Interrupted>;
}

interface Interrupted {
  /** Also by whoever comes after; answers the same as if it had been done only once. */
  act(store: Store): Promise<unknown>;
  /** What holds when it has been done, however often it was tried. */
  verify(store: Store): Promise<void>;
  /** Balances that only a whole operation moves: as they are before it, and after. */
  readonly watched: readonly (readonly [LedgerAccount, before: number, after: number])[];
}

const viewer = (no: number): ReturnType<typeof accountId> => accountId(10_000 + no);
const payee = (no: number): ReturnType<typeof accountId> => accountId(5_000_000 + no);
const available = (id: AccountId): LedgerAccount => ledgerAccounts.available(id);
const held = (id: AccountId): LedgerAccount => ledgerAccounts.held(id);
const earned = (id: AccountId): LedgerAccount => ledgerAccounts.earned(id);

async function settling(
  store: Store,
  no: number,
): Promise<{ roundId: ReturnType<typeof roundIdOf>; commit: Parameters<Store['commitSettlement']>[0] }> {
  const roundId = roundIdOf(`s${no}`);
  const generation = await ownedRound(store, roundId);
  await fundViewer(store, viewer(no), 1_000);
  await store.hold({ streamId: streamId(no), roundId, account: viewer(no), sats: 500, atMs: 1 });
  const holds = await store.holdsOfRound(roundId);
  const entry = closingEntry(`settle:${roundId}`, holds, { paidSats: 300, payee: payee(no) });
  const input = { roundId, generation, entry, txNo: 0xa0_0000 + no, coinNo: 10_000 + no, changeSats: 680 };
  return { roundId, commit: settlementOf(input) };
}

const cases: readonly Case[] = [
  {
    name: 'a posting',
    async prepare(store, no) {
      await fundViewer(store, viewer(no), 1_000);
      const entry = transfer(`gift:${no}`, available(viewer(no)), earned(payee(no)), 300);
      return {
        act: (on) => on.post(entry),
        async verify(on) {
          const listed = await on.listEntries({ account: available(viewer(no)), limit: 9 });
          expect(listed.map(({ id }) => id)).toEqual([`gift:${no}`, `fund:${viewer(no)}`]);
        },
        watched: [
          [available(viewer(no)), 1_000, 700],
          [earned(payee(no)), 0, 300],
        ],
      };
    },
  },
  {
    name: 'a hold',
    async prepare(store, no) {
      await fundViewer(store, viewer(no), 1_000);
      const roundId = roundIdOf(`h${no}`);
      const hold = { streamId: streamId(no), roundId, account: viewer(no), sats: 400 };
      return {
        act: (on) => on.hold({ ...hold, atMs: 1 }),
        verify: async (on) => expect(await on.holdsOfRound(roundId)).toEqual([hold]),
        watched: [
          [available(viewer(no)), 1_000, 600],
          [held(viewer(no)), 0, 400],
        ],
      };
    },
  },
  {
    name: 'the release of a hold',
    async prepare(store, no) {
      await fundViewer(store, viewer(no), 1_000);
      const roundId = roundIdOf(`h${no}`);
      await store.hold({ streamId: streamId(no), roundId, account: viewer(no), sats: 400, atMs: 1 });
      return {
        act: (on) => on.shrinkHold({ streamId: streamId(no), toSats: 0, atMs: 2 }),
        verify: async (on) => expect(await on.holdsOfRound(roundId)).toEqual([]),
        watched: [
          [available(viewer(no)), 600, 1_000],
          [held(viewer(no)), 400, 0],
        ],
      };
    },
  },
  {
    name: 'a settlement',
    async prepare(store, no) {
      const { roundId, commit } = await settling(store, no);
      return {
        act: (on) => on.commitSettlement(commit),
        async verify(on) {
          expect(await on.holdsOfRound(roundId)).toEqual([]);
          const record = await on.readSettlement(roundId);
          expect(record).toMatchObject({ statement: commit.statement, plan: commit.plan });
          expect(record?.transactions).toMatchObject([{ status: 'planned', ef: commit.transactions[0]?.ef }]);
          const open = (await on.openTransactions()).filter((one) => one.roundId === roundId);
          expect(open).toHaveLength(1);
          const coin = commit.reservedCoins[0]?.txid;
          expect((await on.freeCoins(10_000)).some(({ txid }) => txid === coin)).toBe(false);
        },
        watched: [
          [available(viewer(no)), 500, 700],
          [held(viewer(no)), 500, 0],
          [earned(payee(no)), 0, 300],
        ],
      };
    },
  },
  {
    name: 'the acceptance of a transaction',
    async prepare(store, no) {
      const { roundId, commit } = await settling(store, no);
      await store.commitSettlement(commit);
      const txid = txidOf(0xa0_0000 + no);
      const entry = payoutEntry(`payout:${roundId}`, { payee: payee(no), sats: 300, fee: 20 });
      return {
        act: (on) => on.advanceTransaction({ txid, to: 'accepted', entry }),
        async verify(on) {
          expect((await on.readSettlement(roundId))?.transactions).toMatchObject([{ status: 'accepted' }]);
          expect((await on.freeCoins(10_000)).filter((coin) => coin.txid === txid)).toMatchObject([
            { sats: 680, state: 'free' },
          ]);
        },
        watched: [[earned(payee(no)), 300, 0]],
      };
    },
  },
  {
    name: 'a refund',
    async prepare(store, no) {
      const roundId = roundIdOf(`r${no}`);
      const generation = await ownedRound(store, roundId);
      await fundViewer(store, viewer(no), 1_000);
      await store.hold({ streamId: streamId(no), roundId, account: viewer(no), sats: 400, atMs: 1 });
      const entry = closingEntry(`refund:${roundId}`, await store.holdsOfRound(roundId), {
        paidSats: 0,
        payee: payee(no),
      });
      return {
        act: (on) => on.commitRefund({ roundId, generation, entry }),
        verify: async (on) => expect(await on.holdsOfRound(roundId)).toEqual([]),
        watched: [
          [available(viewer(no)), 600, 1_000],
          [held(viewer(no)), 400, 0],
        ],
      };
    },
  },
  {
    name: 'coins that come in',
    async prepare(_store, no) {
      const account = available(payee(no));
      const entry = transfer(`coins:new:${no}`, ledgerAccounts.treasury, account, 900);
      const coins = [
        { txid: txidOf(0xc0_0000 + no), vout: 0, sats: 400 },
        { txid: txidOf(0xc0_0000 + no), vout: 1, sats: 500 },
      ];
      return {
        act: (on) => on.addCoins({ coins, entry }),
        async verify(on) {
          const free = (await on.freeCoins(10_000)).filter(({ txid }) => txid === coins[0]?.txid);
          expect(free.map(({ sats }) => sats)).toEqual([500, 400]);
        },
        watched: [[account, 0, 900]],
      };
    },
  },
  {
    name: 'a segment and a snapshot',
    async prepare(store, no) {
      const roundId = roundIdOf(`w${no}`);
      const generation = await ownedRound(store, roundId);
      const save = { roundId, generation, phase: 'live' as const };
      return {
        async act(on) {
          const appended = await on
            .appendSegment({ ...save, seq: 1, bytes: bytesOf(30, 1) })
            .catch((error: Error) => {
              // The snapshot that covers it was made before the process died.
              if (!error.message.includes('does not follow')) throw error;
            });
          if (appended?.ok === false) throw new Error(appended.code);
          return await on.saveSnapshot({ ...save, seq: 2, bytes: bytesOf(600_000, 2) });
        },
        async verify(on) {
          const saved = await on.acquireRound(roundId);
          expect(saved).toMatchObject({ ok: true, snapshot: { seq: 2 }, segments: [] });
          expect(saved.ok && saved.snapshot?.bytes).toEqual(bytesOf(600_000, 2));
        },
        watched: [],
      };
    },
  },
  {
    name: 'a new round',
    async prepare(_store, no) {
      const roundId = roundIdOf(`n${no}`);
      const round = { terms: termsOf(roundId), createdAtMs: 1_700_000_000_000 + no };
      return {
        act: (on) => on.createRound(round),
        async verify(on) {
          const listed = await on.listRounds({
            limit: 1,
            before: { createdAtMs: round.createdAtMs + 1, roundId },
          });
          expect(listed).toMatchObject([{ createdAtMs: round.createdAtMs }]);
          expect((await on.unfinishedRounds()).some(({ terms }) => terms.roundId === roundId)).toBe(true);
        },
        watched: [],
      };
    },
  },
];

describe.runIf(AEROSPIKE_HOSTS !== undefined)('aerospike, when the process dies at any write', () => {
  let options: AerospikeOptions;
  let wire: Wire;
  let store: Store;
  let no = 0;
  beforeAll(async () => {
    options = { ...testOptions('crash'), stalledMs: 60, retriesMax: 0 };
    await truncate(options);
    wire = await openWire(options);
    store = await openStoreOn(wire, options);
    await fundOperator(store, { no: 1, sats: 1_000_000 });
  });
  afterAll(async () => {
    await store.close();
    await truncate(options);
  });

  it.each(cases.flatMap((one) => DEATHS.map((death) => [one.name, death, one] as const)))(
    '%s is done once or not at all (%s)',
    async (_name, death, one) => {
      for (let writes = 0; ; writes++) {
        const done = await interrupted(one, { writes, death });
        if (done) break;
        expect(writes).toBeLessThan(400);
      }
    },
    120_000,
  );

  it('has died often enough to mean something', () => {
    expect(no).toBeGreaterThan(250);
  });

  /** True when the operation ended before it could be interrupted. */
  async function interrupted(one: Case, at: { writes: number; death: Death }): Promise<boolean> {
    const subject = await one.prepare(store, ++no);
    const mortal = new MortalWire(wire, 1 + at.writes, at.death); // opening writes once
    const victim = await openStoreOn(mortal, options);
    await subject.act(victim).then(
      () => undefined,
      () => undefined,
    );
    const survived = !mortal.isDead;
    await victim.close();

    const heir = await openStoreOn(new MortalWire(wire, Infinity, 'lost'), options);
    expect(await trialSum(heir)).toBe(0);
    const moved = await Promise.all(
      subject.watched.map(async ([account, before, after]) => {
        const balance = await heir.readBalance(account);
        expect([before, after]).toContain(balance);
        return balance === after;
      }),
    );
    expect(new Set(moved).size).toBeLessThanOrEqual(1);

    await subject.act(heir);
    for (const late of [false, true]) {
      if (late) await mortal.arriveLate();
      for (const [account, , after] of subject.watched) expect(await heir.readBalance(account)).toBe(after);
      expect(await trialSum(heir)).toBe(0);
      await subject.verify(heir);
    }
    await heir.close();
    return survived;
  }
});
