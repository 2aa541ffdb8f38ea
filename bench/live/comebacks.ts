/** When each viewer of a crowd got what it lost, since a mark. Times by the clock that all processes of a machine share. */
import { monotonicMs } from '../../loadtest/generator/monotonic.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PayingViewer } from '../../loadtest/wire/paying-viewer.ts';

/** Lists are ascending, with one time a viewer. */
export interface Comeback {
  /** First state of a newer epoch than those before the mark. */
  readonly framesMs: readonly number[];
  /** The stream is on a connection, and words count: asked for after a reconnect, or granted again by itself. */
  readonly attachedMs: readonly number[];
  /** A gift that was sent by a viewer who was back is acknowledged, so it is durable; null: none is. */
  readonly acceptedMs: number | null;
}

const POLL_MS = 5;

export class Comebacks {
  #newestEpoch = 0;
  #epoch = 0;
  #acceptedMs: number | null = null;
  readonly #framesMs = new Map<PayingViewer, number>();
  readonly #attachedMs = new Map<PayingViewer, number>();

  /** Forgets what was; the time of the mark. */
  mark(): number {
    this.#epoch = this.#newestEpoch;
    this.#acceptedMs = null;
    this.#framesMs.clear();
    this.#attachedMs.clear();
    return monotonicMs();
  }

  frame(viewer: PayingViewer, epoch: number): void {
    if (epoch <= this.#epoch) return;
    this.#newestEpoch = epoch;
    if (!this.#framesMs.has(viewer)) this.#framesMs.set(viewer, monotonicMs());
  }

  /** Whether it is the first time since the mark. */
  attached(viewer: PayingViewer): boolean {
    if (this.#attachedMs.has(viewer)) return false;
    this.#attachedMs.set(viewer, monotonicMs());
    return true;
  }

  giftAccepted(sentMs: number): void {
    const [firstBackMs = Infinity] = this.#attachedMs.values();
    if (sentMs >= firstBackMs) this.#acceptedMs ??= monotonicMs();
  }

  /** Resolves when so many viewers are attached and a gift was accepted, or after the timeout. */
  async all(viewers: number, timeoutMs: number): Promise<Comeback> {
    const deadlineMs = monotonicMs() + timeoutMs;
    const isBack = (): boolean => this.#attachedMs.size >= viewers && this.#acceptedMs !== null;
    while (!isBack() && monotonicMs() < deadlineMs) await sleep(POLL_MS);
    return {
      framesMs: ascending(this.#framesMs),
      attachedMs: ascending(this.#attachedMs),
      acceptedMs: this.#acceptedMs,
    };
  }
}

function ascending(times: ReadonlyMap<PayingViewer, number>): readonly number[] {
  return [...times.values()].toSorted((a, b) => a - b);
}
