import { beforeAll, expect, test } from 'vitest';
import { type Settled, settledRounds } from '../../src/settlement/testing/settled-rounds.ts';
import type { MoneyProof } from '../run-result.ts';
import type { StreamLedger } from '../wire/purse.ts';
import { proveMoney } from './money-proof.ts';

let settled: Settled;
let ledgers: readonly StreamLedger[];

beforeAll(async () => {
  const [first] = await settledRounds([{ roundId: 'many', viewers: 6 }]);
  if (first === undefined) throw new Error('a round was settled');
  settled = first;
  ledgers = settled.statement.streams.map(({ signed, paidSats }) => ({
    roundId: settled.statement.terms.roundId,
    streamId: signed.commitment.streamId,
    revealedSats: paidSats,
    acknowledgedSats: paidSats,
    final: true,
  }));
});

function prove(changed: readonly StreamLedger[], receipt: Uint8Array = settled.receipt): MoneyProof {
  return proveMoney(changed, new Map([[settled.statement.terms.roundId, receipt]]));
}

/** The ledgers, the first of them changed. */
function withFirst(change: (ledger: StreamLedger) => Partial<StreamLedger>): readonly StreamLedger[] {
  return ledgers.map((ledger, at) => (at === 0 ? { ...ledger, ...change(ledger) } : ledger));
}

test('what viewers revealed, what came back and what was divided is one figure', () => {
  const paidSats = ledgers.reduce((sum, { revealedSats }) => sum + revealedSats, 0);
  expect(paidSats).toBeGreaterThan(0);
  expect(prove(ledgers)).toEqual({
    ok: true,
    rounds: [
      {
        roundId: 'many',
        revealedSats: paidSats,
        acknowledgedSats: paidSats,
        receiptSats: paidSats,
        dividedSats: paidSats,
        streams: ledgers.length,
        differences: [],
        receipt: 'ok',
      },
    ],
  });
});

test.each<[string, (ledger: StreamLedger) => Partial<StreamLedger>]>([
  ['a sat that was revealed and is missing', (one) => ({ revealedSats: one.revealedSats + 1 })],
  ['a sat that was charged and never revealed', (one) => ({ revealedSats: one.revealedSats - 1 })],
  ['a sat that was never acknowledged', (one) => ({ acknowledgedSats: one.acknowledgedSats - 1 })],
  [
    'a sat that was acknowledged and is missing, though the viewer was cut off',
    (one) => ({
      revealedSats: one.revealedSats + 5,
      acknowledgedSats: one.acknowledgedSats + 1,
      final: false,
    }),
  ],
  [
    'more charged than revealed, though the viewer was cut off',
    (one) => ({ revealedSats: one.revealedSats - 1, acknowledgedSats: 0, final: false }),
  ],
])('%s is found', (_, change) => {
  const proof = prove(withFirst(change));
  expect(proof.ok).toBe(false);
  expect(proof.rounds[0]?.differences).toEqual([
    expect.stringContaining(`${ledgers[0]?.streamId}: revealed`),
  ]);
});

test('what was on its way when a viewer was cut off may have arrived or not', () => {
  const cut = withFirst((one) => ({
    revealedSats: one.revealedSats + 3,
    acknowledgedSats: one.acknowledgedSats - 1,
    final: false,
  }));
  expect(prove(cut).ok).toBe(true);
});

test('a stream that paid and is nobody of ours is found', () => {
  const proof = prove(ledgers.slice(1));
  expect(proof.ok).toBe(false);
  expect(proof.rounds[0]?.differences).toEqual([expect.stringContaining('no stream of ours')]);
});

test('a stream that was never opened is no difference', () => {
  const [one] = ledgers;
  const unopened = { ...one, streamId: 'ff'.repeat(16), revealedSats: 0, acknowledgedSats: 0, final: false };
  expect(prove([...ledgers, unopened as StreamLedger]).ok).toBe(true);
});

test('a receipt that was changed does not count', () => {
  const text = new TextDecoder().decode(settled.receipt);
  const changed = new TextEncoder().encode(text.replace(/"paidSats":(\d)/, '"paidSats":9$1'));
  const proof = prove(ledgers, changed);
  expect(proof.ok).toBe(false);
  expect(proof.rounds[0]?.receipt).not.toBe('ok');
});
