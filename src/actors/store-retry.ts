/**
 * Store calls that have to be answered: a fault of operation is tried again, later and later up to a bound,
 * for as long as somebody wants the answer. Owned by the shard thread.
 *
 * Only calls that may be repeated go through here: the store's round writes (by seq and generation), holds
 * (by stream id) and acquiring. So a fault that left the outcome in doubt is repeated like any other. What
 * is not an EngineError, or one that says "never", is a bug: it crashes the shard.
 */
import { EngineError } from '../core/errors.ts';
import type { Clock } from '../ports/clock.ts';

const DELAY_MS_MIN = 20;
const DELAY_MS_MAX = 2_000;

/** Undefined when `abandoned` turned true before there was an answer. */
export async function untilAnswered<T>(options: {
  readonly call: () => Promise<T>;
  readonly clock: Clock;
  readonly abandoned: () => boolean;
  readonly onFault: (error: EngineError, nextTryMs: number) => void;
}): Promise<T | undefined> {
  let delayMs = DELAY_MS_MIN;
  while (!options.abandoned()) {
    try {
      return await options.call();
    } catch (error) {
      if (!(error instanceof EngineError) || !(error.retryable || error.inDoubt)) throw error;
      options.onFault(error, delayMs);
    }
    const pauseMs = delayMs;
    await new Promise<void>((resolve) => void options.clock.after(pauseMs, resolve));
    delayMs = Math.min(DELAY_MS_MAX, delayMs * 2);
  }
  return undefined;
}
