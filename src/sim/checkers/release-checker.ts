/** What is left of a hold is free again soon after its stream was closed, where nothing fails meanwhile. */
import { HOLD, STATUS, STREAM_CLOSED } from '../../round/stream-table.ts';
import type { MemoryState } from '../../store/memory/state.ts';
import type { RunContext } from '../run-context.ts';
import type { Finding } from './books-checker.ts';

/** Virtual time from when faults have stopped and the engine runs again, or from the closing if that is later. */
const BOUND_MS = 10_000;
const EVERY_MS = 1_000;

export class ReleaseChecker {
  readonly #closedSinceMs = new Map<string, number>();
  #nextMs = 0;

  /** `calm`: nothing fails, and the engine runs. */
  check(state: MemoryState, { scheduler, observer }: RunContext, calm: boolean): Finding | undefined {
    const { nowMs } = scheduler;
    if (!calm) this.#closedSinceMs.clear();
    if (!calm || nowMs < this.#nextMs) return undefined;
    this.#nextMs = nowMs + EVERY_MS;
    for (const round of observer.durable.all()) {
      const { streams, terms } = round;
      for (let slot = 0; slot < streams.count; slot++) {
        if (streams.number(slot, STATUS) !== STREAM_CLOSED) continue;
        const streamId = streams.id(slot);
        const heldSats = state.openHolds.get(terms.roundId)?.get(streamId)?.sats ?? 0;
        const sinceMs = this.#closedSinceMs.get(streamId) ?? nowMs;
        this.#closedSinceMs.set(streamId, sinceMs);
        if (nowMs - sinceMs > BOUND_MS && heldSats > streams.amount(slot, HOLD)) {
          return {
            checker: 'release',
            message: `${streamId} was closed, and ${heldSats} sats are still held`,
          };
        }
      }
    }
    return undefined;
  }
}
