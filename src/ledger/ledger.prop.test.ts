import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AccountId, RoundId, StreamId, Txid } from '../core/ids.ts';
import { BPS_WHOLE, SATS_MAX, type Sats, sats, sumSats } from '../core/sats.ts';
import { WEIGHT_SUM_MAX, apportion } from './apportion.ts';
import { Book } from './book.ts';
import { type DivideInput, divideRound } from './divide.ts';
import {
  depositEntry,
  fundingEntry,
  holdEntry,
  payoutEntry,
  refundEntry,
  releaseEntry,
  settlementEntry,
} from './entries.ts';
import { ledgerAccounts, mayBeNegative } from './journal.ts';
import { payeeLedgerAccount, planPayouts } from './payouts.ts';

const account = (no: number): AccountId => no.toString(16).padStart(40, '0') as AccountId;
const stream = (no: number): StreamId => no.toString(16).padStart(32, '0') as StreamId;
const round = 'r1' as RoundId;
const txid = (no: number): Txid => no.toString(16).padStart(64, '0') as Txid;

const amount = fc.maxSafeNat().map((value) => sats(value % (SATS_MAX + 1)));
const weights = fc
  .array(fc.nat(BPS_WHOLE), { minLength: 1, maxLength: 70 })
  .filter((list) => list.some((weight) => weight > 0));

/** Cuts 10,000 into `count` parts, some of them 0. */
const bpsParts = (count: number): fc.Arbitrary<number[]> =>
  fc.array(fc.nat(BPS_WHOLE), { minLength: count - 1, maxLength: count - 1 }).map((cuts) => {
    const edges = [0, ...cuts.toSorted((a, b) => a - b), BPS_WHOLE];
    return edges.slice(1).map((edge, index) => edge - (edges[index] ?? 0));
  });

const prize = fc
  .record({ ranks: fc.integer({ min: 1, max: 16 }), places: fc.nat(50) })
  .chain(({ ranks, places }) =>
    bpsParts(ranks + places + 1).map((parts) => {
      // The first rank has a share, so that there is always somebody to pay the pool to.
      const first = parts.findIndex((part) => part > 0);
      [parts[0], parts[first]] = [parts[first] ?? 0, parts[0] ?? 0];
      return {
        rankBps: parts.slice(0, ranks),
        supporterBps: parts.slice(ranks, ranks + places),
        platformBps: parts[ranks + places] ?? 0,
      };
    }),
  );

/** Amounts whose sum is still possible: at most 16 participants. */
const divideInput: fc.Arbitrary<DivideInput> = fc
  .record({
    paid: fc.array(
      fc.oneof(
        fc.nat(50),
        fc.maxSafeNat().map((value) => value % (SATS_MAX / 16)),
      ),
      {
        minLength: 2,
        maxLength: 16,
      },
    ),
    seed: fc.nat(1000),
    supporters: fc.nat(60),
    directBps: fc.integer({ min: 4000, max: 4500 }),
    prize,
  })
  .map(({ paid, seed, supporters, directBps, prize: table }) => {
    const order = paid
      .map((_, index) => index)
      .toSorted((a, b) => ((a * 7919 + seed) % 17) - ((b * 7919 + seed) % 17) || a - b);
    return {
      participants: paid.map((paidSats, index) => ({
        account: account(index),
        paidSats: sats(paidSats),
        rank: order.indexOf(index) + 1,
      })),
      // Some supporters are participants too.
      supporters: Array.from({ length: supporters }, (_, index) => ({
        account: account(index + 8),
        paidSats: sats(1),
      })),
      directBps,
      prize: table,
    };
  });

describe('apportion', () => {
  it('gives parts that sum to the whole and are off by less than one sat', () => {
    fc.assert(
      fc.property(amount, weights, (total, list) => {
        const parts = apportion(total, list);
        const weightSum = BigInt(list.reduce((sum, weight) => sum + weight, 0));
        expect(sumSats(parts)).toBe(total);
        for (const [index, got] of parts.entries()) {
          const exact = BigInt(total) * BigInt(list[index] ?? 0);
          const error = BigInt(got) * weightSum - exact;
          expect(error > -weightSum && error < weightSum).toBe(true);
        }
      }),
    );
  });

  it('agrees with largest remainder in exact arithmetic', () => {
    fc.assert(
      fc.property(amount, weights, (total, list) => {
        const weightSum = BigInt(list.reduce((sum, weight) => sum + weight, 0));
        const rows = list.map((weight, index) => {
          const product = BigInt(total) * BigInt(weight);
          return { index, part: product / weightSum, remainder: product % weightSum };
        });
        let left = BigInt(total) - rows.reduce((sum, row) => sum + row.part, 0n);
        const byRemainder = rows.toSorted((a, b) =>
          a.remainder === b.remainder ? a.index - b.index : a.remainder < b.remainder ? 1 : -1,
        );
        for (const row of byRemainder) {
          if (left === 0n) break;
          row.part += 1n;
          left -= 1n;
        }
        expect(apportion(total, list)).toEqual(rows.map((row) => Number(row.part)));
      }),
    );
  });

  it('gives a weight of zero nothing and ties to the lower index', () => {
    expect(apportion(sats(1), [1, 1])).toEqual([1, 0]);
    expect(apportion(sats(5), [1, 0, 1, 1])).toEqual([2, 0, 2, 1]);
    expect(apportion(sats(SATS_MAX), [WEIGHT_SUM_MAX - 1, 1])).toEqual([SATS_MAX - 210_000_000, 210_000_000]);
    expect(() => apportion(sats(1), [0, 0])).toThrow('weights sum');
    expect(() => apportion(sats(1), [0.5, 1])).toThrow('not a weight');
  });
});

describe('division and payouts', () => {
  it('divides any amounts by any table without losing a sat', () => {
    fc.assert(
      fc.property(
        divideInput,
        fc.integer({ min: 0, max: 5000 }),
        fc.array(fc.nat(3000)),
        (input, minSats, carried) => {
          const division = divideRound(input);
          const paid = sumSats(input.participants.map((each) => each.paidSats));
          expect(division.paidSats).toBe(paid);
          expect(sumSats(division.directSats) + division.poolSats).toBe(paid);
          expect(sumSats(division.rankSats) + sumSats(division.supporterSats) + division.platformSats).toBe(
            division.poolSats,
          );

          const carriedIn = new Map(
            carried.map((value, index) => [ledgerAccounts.earned(account(index)), sats(value)] as const),
          );
          const platformAccount = account(999);
          const { payees, totals } = planPayouts({
            division,
            participants: input.participants,
            supporters: input.supporters,
            platformAccount,
            carriedIn,
            payoutMinSats: minSats,
          });
          expect(sumSats(payees.map((payee) => payee.shareSats))).toBe(paid);
          expect(totals.payoutSats + totals.platformSats + totals.carriedSats).toBe(paid);
          for (const payee of payees) {
            const due = payee.shareSats + payee.carriedInSats;
            expect(payee.paidSats).toBe(due >= minSats ? due : 0);
          }
          const keys = payees.map((payee) => payeeLedgerAccount(payee));
          expect(new Set(keys).size).toBe(keys.length);
        },
      ),
    );
  });

  it('redistributes ranks and places that nobody has', () => {
    const division = divideRound({
      participants: [
        { account: account(1), paidSats: sats(1000), rank: 2 },
        { account: account(2), paidSats: sats(1000), rank: 1 },
      ],
      supporters: [{ account: account(3), paidSats: sats(2000) }],
      directBps: 4000,
      prize: { rankBps: [5000, 2000, 1000], supporterBps: [1000, 500], platformBps: 500 },
    });
    expect(division.directSats).toEqual([400, 400]);
    expect(division.poolSats).toBe(1200);
    // 1200 over 5000 : 2000 : 1000 : 500
    expect(division.rankSats).toEqual([282, 706]);
    expect(division.supporterSats).toEqual([141]);
    expect(division.platformSats).toBe(71);
  });
});

interface Opened {
  readonly streamId: StreamId;
  readonly account: AccountId;
  readonly sats: number;
}

const viewers = fc.array(
  fc.record({
    holdSats: fc.integer({ min: 1, max: 5000 }),
    paidSats: fc.nat(5000),
    closedEarly: fc.boolean(),
  }),
  { maxLength: 30 },
);

describe('a round in the book', () => {
  it('keeps every balance at zero or above and all of them together at zero', () => {
    fc.assert(
      fc.property(viewers, prize, fc.boolean(), fc.nat(2000), (list, table, cancelled, minSats) => {
        const book = new Book();
        const post = (entry: ReturnType<typeof refundEntry>): void => {
          if (entry === undefined) return;
          expect(entry.legs.reduce((sum, each) => sum + each.sats, 0)).toBe(0);
          expect(book.post(entry)).toEqual({ ok: true, applied: true });
          expect(book.post(entry)).toEqual({ ok: true, applied: false });
          let sum = 0;
          for (const [name, balance] of book.trialBalance()) {
            sum += balance;
            expect(balance >= 0 || mayBeNegative(name)).toBe(true);
          }
          expect(sum).toBe(0);
        };

        post(fundingEntry({ key: 'coins', sats: 10_000_000, atMs: 1 }));
        const holds: Opened[] = [];
        const paidByStream = new Map<StreamId, Sats>();
        for (const [index, viewer] of list.entries()) {
          const payer = account(100 + (index % 7));
          const streamId = stream(index);
          post(depositEntry({ key: `d${index}`, account: payer, sats: 5000, atMs: 1 }));
          post(holdEntry({ streamId, account: payer, sats: viewer.holdSats, atMs: 1 }));
          const paid = sats(Math.min(viewer.paidSats, viewer.holdSats));
          const released = viewer.closedEarly ? viewer.holdSats - paid : 0;
          if (released > 0) {
            post(releaseEntry({ streamId, account: payer, sats: released, toSats: paid, atMs: 1 }));
          }
          holds.push({ streamId, account: payer, sats: viewer.holdSats - released });
          paidByStream.set(streamId, paid);
        }
        const paidSats = sumSats(paidByStream.values());
        if (cancelled) {
          post(refundEntry({ roundId: round, atMs: 2, holds }));
          for (let no = 0; no < 7; no++) expect(book.balance(ledgerAccounts.held(account(100 + no)))).toBe(0);
          return;
        }
        const participants = [
          { account: account(1), paidSats, rank: 1 },
          { account: account(2), paidSats: sats(0), rank: 2 },
        ];
        const supporters = paidSats > 0 ? [{ account: account(100), paidSats }] : [];
        const division = divideRound({ participants, supporters, directBps: 4321, prize: table });
        const platformAccount = account(9);
        const parties = { division, participants, supporters, platformAccount };
        const plan = planPayouts({ ...parties, carriedIn: new Map(), payoutMinSats: minSats });
        post(settlementEntry({ roundId: round, atMs: 2, holds, paidByStream, ...parties }));
        const payees = plan.payees.filter((payee) => payee.paidSats > 0);
        if (payees.length > 0) post(payoutEntry({ txid: txid(1), atMs: 3, payees, feeSats: 17 }));

        expect(book.balance(ledgerAccounts.escrow(round))).toBe(0);
        expect(book.balance(ledgerAccounts.pool(round))).toBe(0);
        const left = plan.payees.reduce((sum, payee) => sum + book.balance(payeeLedgerAccount(payee)), 0);
        expect(left).toBe(paidSats - sumSats(plan.payees.map((payee) => payee.paidSats)));
      }),
    );
  });

  it('refuses an entry that would overdraw an account, and changes nothing', () => {
    const book = new Book();
    const hold = holdEntry({ streamId: stream(1), account: account(1), sats: 10, atMs: 1 });
    expect(book.post(hold)).toEqual({ ok: false, code: 'INSUFFICIENT_FUNDS' });
    expect(book.hasPosted(hold.id)).toBe(false);
    expect(book.trialBalance().size).toBe(0);
  });

  it('refuses to settle a payment that no hold covers', () => {
    const division = divideRound({
      participants: [
        { account: account(1), paidSats: sats(10), rank: 1 },
        { account: account(2), paidSats: sats(0), rank: 2 },
      ],
      supporters: [],
      directBps: 4000,
      prize: { rankBps: [10_000], supporterBps: [], platformBps: 0 },
    });
    const input = {
      roundId: round,
      atMs: 1,
      paidByStream: new Map([[stream(1), sats(10)]]),
      division,
      participants: [{ account: account(1) }, { account: account(2) }],
      supporters: [],
      platformAccount: account(9),
    };
    expect(() => settlementEntry({ ...input, holds: [] })).toThrow('has a hold');
    const small = [{ streamId: stream(1), account: account(3), sats: 9 }];
    expect(() => settlementEntry({ ...input, holds: small })).toThrow('not an amount');
  });
});
