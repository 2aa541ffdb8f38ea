/** What one load process counts and times: by the second for the live view, and in all for the end. */
import type { LatencyKind } from '../run-result.ts';
import type { StreamLedger } from '../wire/purse.ts';
import type { ViewerCounts } from '../wire/viewer-setup.ts';
import { LatencyHistogram } from './histograms.ts';
import type { ActCounts, ProcessResult, ProcessSample, TakenLatencies } from './messages.ts';

export class CrewLog {
  readonly counts: ViewerCounts = { words: 0, deliveries: 0, deliveredBytes: 0 };
  readonly acts: ActCounts = { connections: 0, reconnects: 0, gifts: 0, claps: 0, votes: 0, switches: 0 };
  readonly latencies: Readonly<Record<LatencyKind, LatencyHistogram>> = {
    gift: new LatencyHistogram(),
    giftAck: new LatencyHistogram(),
    clap: new LatencyHistogram(),
    join: new LatencyHistogram(),
  };
  readonly #lag = new LatencyHistogram();
  readonly #errors: Record<string, number> = {};
  readonly #provoked: Record<string, number> = {};
  #errorCount = 0;
  #lagMaxMs = 0;
  #before = { words: 0, deliveries: 0, errors: 0, cpuMs: 0 };

  /** The first sample counts from here. */
  begin(): void {
    this.#before = { ...this.#before, cpuMs: cpuMs() };
  }

  error(code: string, count = 1): void {
    if (count <= 0) return;
    this.#errors[code] = (this.#errors[code] ?? 0) + count;
    this.#errorCount += count;
  }

  /** What a misbehaving viewer was answered. */
  provoked(code: string): void {
    this.#provoked[code] = (this.#provoked[code] ?? 0) + 1;
  }

  /** Something was done so late; `counts`: during full load. */
  late(ms: number, counts: boolean): void {
    if (ms > this.#lagMaxMs) this.#lagMaxMs = ms;
    if (counts) this.#lag.record(ms);
  }

  sample(now: Pick<ProcessSample, 'second' | 'connected' | 'payEveryMs'>): ProcessSample {
    const { words, deliveries } = this.counts;
    const before = this.#before;
    this.#before = { words, deliveries, errors: this.#errorCount, cpuMs: cpuMs() };
    const lagMs = this.#lagMaxMs;
    this.#lagMaxMs = 0;
    return {
      ...now,
      words: words - before.words,
      deliveries: deliveries - before.deliveries,
      errors: this.#errorCount - before.errors,
      cpuMs: this.#before.cpuMs - before.cpuMs,
      latencies: this.#takeLatencies(),
      lagMs,
    };
  }

  result(ledgers: readonly StreamLedger[]): ProcessResult {
    return {
      ...this.counts,
      acts: this.acts,
      errors: this.#errors,
      provoked: this.#provoked,
      latencies: this.#takeLatencies(),
      lag: this.#lag.take(),
      ledgers,
    };
  }

  #takeLatencies(): TakenLatencies {
    const { gift, giftAck, clap, join } = this.latencies;
    return { gift: gift.take(), giftAck: giftAck.take(), clap: clap.take(), join: join.take() };
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
