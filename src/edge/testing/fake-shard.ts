/** The shard's end of a link for tests: keeps what the edge sends, says what the test tells it to. */
import type { EdgeEffect, EdgeToShard, ShardToEdge } from '../../actors/messages.ts';
import type { Port } from '../../actors/port.ts';
import { encodeDelta } from '../../protocol/state-codec.ts';
import type { RoundInput } from '../../round/inputs.ts';
import { type PaymentRow, forEachPayment } from '../../round/payment-batch.ts';
import type { PublicDelta, PublicState } from '../../round/public-state.ts';

export class FakeShard {
  readonly subscriptions: number[] = [];
  readonly unsubscriptions: number[] = [];
  readonly inputs: { readonly handle: number; readonly input: RoundInput }[] = [];
  /** Words, in the order they came. */
  readonly rows: PaymentRow[] = [];
  /** Off: batches stay under way, as behind a shard that does not keep up. */
  credits = true;
  readonly #port: Port<ShardToEdge, EdgeToShard>;

  constructor(port: Port<ShardToEdge, EdgeToShard>) {
    this.#port = port;
    port.onMessage((message) => this.#take(message));
  }

  keyframe(handle: number, state: PublicState, at: { epoch: number; seq: number }): void {
    this.#port.send({ kind: 'keyframe', handle, ...at, state });
  }

  delta(handle: number, delta: PublicDelta, at: { epoch: number; seq: number }): void {
    this.#port.send({ kind: 'delta', handle, ...at, frame: encodeDelta({ handle, ...at, delta }) });
  }

  effects(handle: number, ...effects: EdgeEffect[]): void {
    this.#port.send({ kind: 'effects', handle, epoch: 1, effects });
  }

  /** The inputs of one kind, in order. */
  of<K extends RoundInput['kind']>(kind: K): Extract<RoundInput, { kind: K }>[] {
    return this.inputs.flatMap(({ input }) => (isKind(input, kind) ? [input] : []));
  }

  #take(message: EdgeToShard): void {
    if (message.kind === 'subscribe') this.subscriptions.push(message.handle);
    if (message.kind === 'unsubscribe') this.unsubscriptions.push(message.handle);
    if (message.kind !== 'inputs') return;
    for (const { handle, inputs } of message.rounds) {
      for (const input of inputs) {
        this.inputs.push({ handle, input });
        if (input.kind !== 'payments') continue;
        forEachPayment(input.batch, (row) => this.rows.push({ ...row, word: row.word.slice() }));
      }
    }
    if (this.credits) this.#port.send({ kind: 'credit', batchNo: message.batchNo });
  }
}

function isKind<K extends RoundInput['kind']>(
  input: RoundInput,
  kind: K,
): input is Extract<RoundInput, { kind: K }> {
  return input.kind === kind;
}
