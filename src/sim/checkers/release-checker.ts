/** What is left of a hold is free again soon after its stream was closed, where nothing fails meanwhile. */
import { HOLD, STATUS, STREAM_CLOSED } from '../../round/stream-table.ts';
import type { MemoryState } from '../../store/memory/state.ts';
import type { RunContext } from '../run-context.ts';
import type { Finding } from './books-checker.ts';

/** Virtual time from the end of faults, and from the closing, whichever is later. */
const BOUND_MS = 10_000;
const EVERY_MS = 1_000;

export class ReleaseChecker {
  readonly #closedSinceMs = new Map<string, number>();
  #nextMs = 0;

  check(state: MemoryState, { scheduler, observer, faults }: RunContext): Finding | undefined {
    const { nowMs } = scheduler;
    if (nowMs < this.#nextMs) return undefined;
    this.#nextMs = nowMs + EVERY_MS;
    for (const round of observer.durable.all()) {
      const { streams, terms } = round;
      for (let slot = 0; slot < streams.count; slot++) {
        if (streams.number(slot, STATUS) !== STREAM_CLOSED) continue;
        const streamId = streams.id(slot);
        const heldSats = state.openHolds.get(terms.roundId)?.get(streamId)?.sats ?? 0;
        const sinceMs = this.#closedSinceMs.get(streamId);
        // Closed while things failed: the release may have died with its shard; the settlement makes up for it.
        if (faults.on) this.#closedSinceMs.set(streamId, Number.POSITIVE_INFINITY);
        else if (sinceMs === undefined) this.#closedSinceMs.set(streamId, nowMs);
        else if (nowMs - sinceMs > BOUND_MS && heldSats > streams.amount(slot, HOLD)) {
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
