/** The ledger and the division of a round. */
import { sats } from '../../src/core/sats.ts';
import { Book } from '../../src/ledger/book.ts';
import { divideRound } from '../../src/ledger/divide.ts';
import { depositEntry, fundingEntry, holdEntry, settlementEntry } from '../../src/ledger/entries.ts';
import { planPayouts } from '../../src/ledger/payouts.ts';
import { accountNo, streamNo } from '../../src/round/test-driver.ts';
import type { Case } from './case.ts';

const ENTRIES = 1_000;
const VIEWERS = 20_000;
const SATS_EACH = sats(100);
const PARTICIPANTS = 16;
const PLACES = 50;

export const moneyCases: readonly Case[] = [
  {
    name: 'ledger-post',
    what: 'A hold, posted to the book: two legs, balanced, no balance below zero.',
    unit: 'ns',
    operations: ENTRIES,
    ours: () => {
      const accounts = Array.from({ length: ENTRIES }, (_, no) => accountNo(no));
      const entries = accounts.map((account, no) =>
        holdEntry({ streamId: streamNo(no), account, sats: SATS_EACH, atMs: 1 }),
      );
      let book = new Book();
      return {
        before: () => {
          book = new Book();
          book.post(fundingEntry({ key: 'all', sats: ENTRIES * SATS_EACH, atMs: 1 }));
          for (const account of accounts)
            book.post(depositEntry({ key: account, account, sats: SATS_EACH, atMs: 1 }));
        },
        run: () => {
          for (const entry of entries) book.post(entry);
        },
      };
    },
  },
  {
    name: 'divide-round',
    what: 'A round of 16 participants and 50 places divided: direct shares, pool, prize table, payees.',
    unit: 'µs',
    operations: 1,
    ours: () => {
      const input = roundOf(PARTICIPANTS);
      return {
        run: () => {
          const division = divideRound(input);
          return planPayouts({
            ...input,
            division,
            platformAccount: accountNo(9_999),
            carriedIn: new Map(),
            payoutMinSats: 1,
          });
        },
      };
    },
  },
  {
    name: 'settlement-entry-20000',
    what: 'The journal entry that closes the holds of 20,000 viewers and books the split.',
    unit: 'ms',
    operations: 1,
    ours: () => {
      const input = roundOf(2);
      const division = divideRound(input);
      const each = sats(division.paidSats / VIEWERS);
      const holds = Array.from({ length: VIEWERS }, (_, no) => ({
        streamId: streamNo(no),
        account: accountNo(no),
        sats: 2 * each,
      }));
      const paidByStream = new Map(holds.map(({ streamId }) => [streamId, each]));
      const rest = { roundId: ROUND, atMs: 1, platformAccount: accountNo(9_999) };
      return { run: () => settlementEntry({ ...rest, ...input, division, holds, paidByStream }) };
    },
  },
];

const ROUND = 'one' as Parameters<typeof settlementEntry>[0]['roundId'];

function roundOf(count: number): Parameters<typeof divideRound>[0] {
  const paidSats = sats((VIEWERS * SATS_EACH) / count);
  return {
    participants: Array.from({ length: count }, (_, no) => ({
      account: accountNo(100_000 + no),
      paidSats,
      rank: no + 1,
    })),
    supporters: Array.from({ length: PLACES }, (_, no) => ({ account: accountNo(no), paidSats: SATS_EACH })),
    directBps: 4_250,
    prize: {
      rankBps: Array.from({ length: count }, () => 6_400 / PARTICIPANTS),
      supporterBps: Array.from({ length: PLACES }, () => 50),
      platformBps: 7_500 - (6_400 / PARTICIPANTS) * count,
    },
  };
}
