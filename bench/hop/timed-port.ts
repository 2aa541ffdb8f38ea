/**
 * A link's port with a stop-watch: from the flush that a batch of words was due at (also when it had to wait for
 * credit) until the credit that says that it is on the ledger. One note a batch: this thread is part of what is timed.
 */
import type { EdgeToShard, ShardToEdge } from '../../src/actors/messages.ts';
import type { Port } from '../../src/actors/port.ts';
import { PAYMENT_ROW_BYTES } from '../../src/round/payment-batch.ts';

interface Batch {
  readonly no: number;
  readonly rows: number;
  readonly dueMs: number;
}

export class TimedPort implements Port<EdgeToShard, ShardToEdge> {
  readonly #port: Port<EdgeToShard, ShardToEdge>;
  readonly #underWay: Batch[] = [];
  #dueMs: number | null = null;
  #times: { readonly rows: number; readonly ms: number }[] = [];
  credited = 0;
  onCredit: () => void = () => undefined;

  constructor(port: Port<EdgeToShard, ShardToEdge>) {
    this.#port = port;
  }

  /** What is collected is flushed now, or when there is credit. */
  due(): void {
    this.#dueMs ??= performance.now();
  }

  /** Since the last call; milliseconds, one for each word. */
  takeLatencies(): Float64Array {
    const latencies = new Float64Array(this.#times.reduce((sum, { rows }) => sum + rows, 0));
    let at = 0;
    for (const { rows, ms } of this.#times) {
      latencies.fill(ms, at, at + rows);
      at += rows;
    }
    this.#times = [];
    return latencies;
  }

  send(message: EdgeToShard, transfer?: readonly ArrayBuffer[]): void {
    if (message.kind === 'inputs') {
      this.#underWay.push({
        no: message.batchNo,
        rows: rowsOf(message),
        dueMs: this.#dueMs ?? performance.now(),
      });
      this.#dueMs = null;
    }
    this.#port.send(message, transfer);
  }

  onMessage(receive: (message: ShardToEdge) => void): void {
    this.#port.onMessage((message) => {
      receive(message);
      if (message.kind === 'credit') this.#credit(message.batchNo);
    });
  }

  close(): void {
    this.#port.close();
  }

  #credit(batchNo: number): void {
    const nowMs = performance.now();
    while ((this.#underWay[0]?.no ?? Infinity) <= batchNo) {
      const { rows, dueMs } = this.#underWay.shift() as Batch;
      this.credited += rows;
      this.#times.push({ rows, ms: nowMs - dueMs });
    }
    this.onCredit();
  }
}

function rowsOf(message: Extract<EdgeToShard, { kind: 'inputs' }>): number {
  let bytes = 0;
  for (const { inputs } of message.rounds) {
    for (const input of inputs) if (input.kind === 'payments') bytes += input.batch.length;
  }
  return bytes / PAYMENT_ROW_BYTES;
}
