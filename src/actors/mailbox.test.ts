import { expect, test } from 'vitest';
import { PAYMENT_ROW_BYTES } from '../round/payment-batch.ts';
import type { RoundInput } from '../round/inputs.ts';
import { Mailbox } from './mailbox.ts';

const payments = (rows: number): RoundInput => ({
  kind: 'payments',
  edge: 0,
  batch: new Uint8Array(rows * PAYMENT_ROW_BYTES),
});
const vote: RoundInput = { kind: 'vote', edge: 0, conn: 1, slot: 0, target: 0 };

test('takes inputs up to its bound, then says that it is full', () => {
  const mailbox = new Mailbox({ rowsMax: 10, inputsMax: 2 });
  expect([mailbox.put(vote), mailbox.put(vote), mailbox.put(vote)]).toEqual([true, true, false]);
  expect(mailbox.size).toBe(2);
});

test('counts words by rows and takes a batch whole or not at all', () => {
  const mailbox = new Mailbox({ rowsMax: 10, inputsMax: 2 });
  expect([mailbox.put(payments(7)), mailbox.put(payments(4)), mailbox.put(payments(3))]).toEqual([
    true,
    false,
    true,
  ]);
});

test('never refuses what must not be lost', () => {
  const mailbox = new Mailbox({ rowsMax: 0, inputsMax: 0 });
  expect(mailbox.put({ kind: 'saved', seq: 1 })).toBe(true);
  expect(mailbox.put({ kind: 'edgeGone', edge: 0 })).toBe(true);
  expect(mailbox.put({ kind: 'detach', edge: 0, conn: 1, slots: [0] })).toBe(true);
  expect(mailbox.put({ kind: 'cancel', reason: 'operator' })).toBe(true);
});

test('is emptied whole, in order, and takes anew afterwards', () => {
  const mailbox = new Mailbox({ rowsMax: 1, inputsMax: 1 });
  mailbox.put(vote);
  mailbox.put(payments(1));
  expect(mailbox.takeAll().map((input) => input.kind)).toEqual(['vote', 'payments']);
  expect([mailbox.size, mailbox.put(vote), mailbox.put(payments(1))]).toEqual([0, true, true]);
});
