// Payees below the minimum are carried from round to round, and an output pays them in the end: over all rounds, what
// viewers paid is what was paid out and what is still carried.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AccountId, RoundId } from '../../src/core/ids.ts';
import type { Engine } from '../../src/engine.ts';
import {
  bootEngine,
  newViewer,
  paidInReceipt,
  parseReceipt,
  quickTerms,
  temporaryFolder,
} from './harness.ts';

const FUND_SATS = 10_000;
const PAYOUT_MIN_SATS = 60;
const ROUNDS = 4;

const folder = temporaryFolder();
let engine: Engine;
beforeAll(async () => {
  engine = await bootEngine(folder.path);
});
afterAll(async () => {
  expect(await engine.stop()).toBe(true);
  folder.remove();
});

it('over several rounds every satoshi is paid out once or still carried', async () => {
  const viewer = newViewer(engine.wsUrl);
  await engine.control.fundDevAccount({ account: viewer.account, sats: FUND_SATS, key: 'carried' });
  await viewer.connect();
  let paidSats = 0;
  let outputSats = 0;
  let carriedInSats = 0;
  const accounts = new Set<AccountId>([viewer.account]);
  for (let no = 0; no < ROUNDS; no++) {
    const terms = {
      ...quickTerms({ roundId: `carried-${no}`, seconds: 60 }),
      end: { kind: 'time', atMs: Date.now() + 1_500 } as const,
      closingMs: 100,
      payoutMinSats: PAYOUT_MIN_SATS,
    };
    for (const { account } of terms.participants) accounts.add(account);
    await engine.control.createRound(terms);
    expect(await viewer.follow(terms.roundId)).toEqual({ ok: true });
    expect(await viewer.watch(0)).toEqual({ ok: true });
    expect(await viewer.gift(0, 40 + no)).toEqual({ ok: true });
    expect(await engine.untilPhase(terms.roundId, 'settled', 10_000)).toBe(true);
    const receipt = parseReceipt(await bytesOf(terms.roundId));
    paidSats += paidInReceipt(receipt, viewer);
    for (const payee of receipt.payees) {
      expect(payee.paidSats === 0 || payee.paidSats >= PAYOUT_MIN_SATS).toBe(true);
      outputSats += payee.paidSats;
      carriedInSats += payee.carriedInSats;
    }
  }
  viewer.close();
  const balances = await Promise.all([...accounts].map((account) => engine.control.balances(account)));
  const carriedSats = balances.reduce((sum, { earnedSats }) => sum + earnedSats, 0);
  const [own] = balances;
  expect(own).toMatchObject({ availableSats: FUND_SATS - paidSats, heldSats: 0 });
  expect(carriedInSats).toBeGreaterThan(0);
  expect(outputSats).toBeGreaterThan(0);
  // What is missing in the sum is the platform's, which has no balance that is shown.
  const books = await engine.reconcile();
  expect(books.balanced).toBe(true);
  expect(books.liabilitiesSats).toBe(FUND_SATS - outputSats);
  expect(paidSats - outputSats - carriedSats).toBeGreaterThanOrEqual(0);
  expect(paidSats - outputSats - carriedSats).toBeLessThan(PAYOUT_MIN_SATS);
});

async function bytesOf(roundId: RoundId): Promise<Uint8Array> {
  const answer = await engine.control.receipt(roundId);
  if (!answer.ok) throw new Error(answer.code);
  return answer.bytes;
}
