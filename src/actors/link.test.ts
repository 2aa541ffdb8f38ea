import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { type PaymentRow, forEachPayment } from '../round/payment-batch.ts';
import { EdgeLink, type EdgeLinkMessage } from './link.ts';
import type { EdgeToShard, ShardToEdge } from './messages.ts';
import { type Port, messagePort } from './port.ts';

/** A port whose other end is the test: what was sent, and a way to answer. */
function heldPort(): {
  port: Port<EdgeToShard, ShardToEdge>;
  sent: EdgeToShard[];
  answer: (message: ShardToEdge) => void;
} {
  const sent: EdgeToShard[] = [];
  let receive: (message: ShardToEdge) => void = ignore;
  return {
    sent,
    answer: (message) => receive(message),
    port: {
      send: (message) => void sent.push(message),
      onMessage(handler) {
        receive = handler;
      },
      close() {},
    },
  };
}

const row = (slot: number, index: number): PaymentRow => ({
  slot,
  index,
  chain: 0,
  purpose: 0,
  target: 1,
  flags: 0,
  conn: 9,
  word: new Uint8Array(32).fill(index),
});
const vote = (slot: number) => ({ kind: 'vote', edge: 3, conn: 9, slot, target: 0 }) as const;
const ignore = (): void => {};

test('sends one batch per flush, words of a round first', () => {
  const { port, sent } = heldPort();
  const link = new EdgeLink({ port, edge: 3, onMessage: ignore });
  link.push(7, vote(1));
  link.pay(7, row(1, 5));
  link.pay(8, row(2, 6));
  link.pay(7, row(1, 7));
  link.flush();
  link.flush();
  expect(sent).toHaveLength(1);
  const [batch] = sent;
  if (batch?.kind !== 'inputs') throw new Error('a batch of inputs');
  expect(batch.batchNo).toBe(1);
  expect(batch.rounds.map((round) => [round.handle, round.inputs.map((input) => input.kind)])).toEqual([
    [7, ['payments', 'vote']],
    [8, ['payments']],
  ]);
  const [payments] = batch.rounds[0]?.inputs ?? [];
  if (payments?.kind !== 'payments') throw new Error('words first');
  const indexes: number[] = [];
  forEachPayment(payments.batch, (each) => indexes.push(each.index));
  expect([payments.edge, indexes]).toEqual([3, [5, 7]]);
});

test('collects while no credit is left and sends it all with the next credit', () => {
  const { port, sent, answer } = heldPort();
  const limits = { batchesMax: 2, rowsMax: 100, inputsMax: 100 };
  const link = new EdgeLink({ port, edge: 3, onMessage: ignore, limits });
  for (let index = 1; index <= 5; index++) {
    link.pay(7, row(1, index));
    link.flush();
  }
  expect([sent.length, link.underWay]).toEqual([2, 2]);
  answer({ kind: 'credit', batchNo: 1 });
  expect([sent.length, link.underWay]).toEqual([3, 2]);
  const last = sent[2];
  if (last?.kind !== 'inputs') throw new Error('a batch of inputs');
  const [payments] = last.rounds[0]?.inputs ?? [];
  expect(payments?.kind === 'payments' ? payments.batch.length / 48 : 0).toBe(3);
});

test('is full at its own bound, and has room again once it could send', () => {
  const { port, answer } = heldPort();
  const limits = { batchesMax: 1, rowsMax: 2, inputsMax: 1 };
  const link = new EdgeLink({ port, edge: 3, onMessage: ignore, limits });
  link.push(7, vote(1));
  link.flush();
  expect([link.push(7, vote(1)), link.push(7, vote(2))]).toEqual([true, false]);
  expect([link.pay(7, row(1, 1)), link.hasRoom(1), link.hasRoom(2)]).toEqual([true, true, false]);
  expect([link.pay(7, row(1, 2)), link.pay(7, row(1, 3))]).toEqual([true, false]);
  expect(link.push(7, { kind: 'detach', edge: 3, conn: 9, slots: [1] })).toBe(true);
  answer({ kind: 'credit', batchNo: 1 });
  expect([link.pay(7, row(1, 3)), link.push(7, vote(2))]).toEqual([true, true]);
});

test('keeps credits to itself and hands on the rest, over a real port', async () => {
  const channel = new MessageChannel();
  const edgePort = messagePort<EdgeToShard, ShardToEdge>(channel.port1);
  const shardPort = messagePort<ShardToEdge, EdgeToShard>(channel.port2);
  const frame = new Uint8Array([1, 2, 3]);
  const got = new Promise<EdgeLinkMessage>((resolve) => {
    const link = new EdgeLink({ port: edgePort, edge: 0, onMessage: resolve });
    shardPort.onMessage((message) => {
      if (message.kind !== 'inputs') return;
      shardPort.send({ kind: 'credit', batchNo: message.batchNo });
      shardPort.send({ kind: 'delta', handle: 7, epoch: 1, seq: 2, frame });
    });
    link.pay(7, row(1, 1));
    link.flush();
  });
  expect(await got).toEqual({ kind: 'delta', handle: 7, epoch: 1, seq: 2, frame });
  edgePort.close();
});
