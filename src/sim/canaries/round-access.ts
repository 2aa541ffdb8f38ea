/** For bugs that happen inside a shard: the state of a round, to be spoilt. */
import type { EdgeToShard, ShardToEdge } from '../../actors/messages.ts';
import type { Port } from '../../actors/port.ts';
import type { Shard } from '../../actors/shard.ts';
import type { RoundInput } from '../../round/inputs.ts';
import { PaymentBatchWriter, type PaymentRow, forEachPayment } from '../../round/payment-batch.ts';
import type { RoundState } from '../../round/state.ts';
import { PAID, VIEWER, WATCH } from '../../round/stream-table.ts';

export function stateOf(shard: Shard, handle: number): RoundState | undefined {
  for (const round of shard.rounds()) if (round.handle === handle) return round.state;
  return undefined;
}

/** Charges a stream once more, in every place where a charge is written: only the words tell. */
export function chargeAgain(state: RoundState, slot: number, target: number, sats: number): void {
  const { streams, viewers, totals } = state;
  if (!streams.isOpen(slot)) return;
  const column = streams.targetColumn(target, false);
  streams.setAmount(slot, PAID, streams.amount(slot, PAID) + sats);
  streams.setAmount(slot, WATCH, streams.amount(slot, WATCH) + sats);
  streams.setAmount(slot, column, streams.amount(slot, column) + sats);
  viewers.addPaid(streams.number(slot, VIEWER), sats);
  totals.sats[target] = (totals.sats[target] ?? 0) + sats;
}

/** `change` sees each input before the shard does and says what the shard gets instead. */
export function withInputs(
  port: Port<ShardToEdge, EdgeToShard>,
  change: (handle: number, input: RoundInput) => RoundInput,
): Port<ShardToEdge, EdgeToShard> {
  return {
    ...port,
    onMessage: (receive) =>
      port.onMessage((message) => {
        if (message.kind !== 'inputs') return receive(message);
        const rounds = message.rounds.map(({ handle, inputs }) => ({
          handle,
          inputs: inputs.map((input) => change(handle, input)),
        }));
        receive({ ...message, rounds });
      }),
  };
}

/** The rows of a batch, each changed or left out. */
export function withRows(
  batch: Uint8Array,
  change: (row: PaymentRow, no: number) => PaymentRow | undefined,
): Uint8Array<ArrayBuffer> {
  const writer = new PaymentBatchWriter();
  let no = 0;
  forEachPayment(batch, (row) => {
    const changed = change({ ...row, word: row.word.slice() }, no++);
    if (changed !== undefined) writer.add(changed);
  });
  return writer.take();
}
