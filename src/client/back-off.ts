/**
 * How long to wait before the next attempt to connect. Every wait is jittered, so that thousands of viewers who lost
 * the same engine do not come back in the same instant.
 */
import { reconnectAdvice } from '../protocol/close-codes.ts';

const FIRST_MS = 500;
const LONGEST_MS = 15_000;
const LATER_LEAST_MS = 5_000;

/**
 * @param closeCode of the connection that ended
 * @param attempt 0 for the first try since the last connection that became ready
 * @param chance uniform in [0, 1)
 * @returns milliseconds to wait, or null: do not reconnect
 */
export function reconnectDelayMs(closeCode: number, attempt: number, chance: number): number | null {
  const advice = reconnectAdvice(closeCode);
  if (advice === 'never') return null;
  const ceilingMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  // "Later" as the server's wish; a connection that was merely lost gets the short waits.
  if (advice === 'later' && closeCode >= 4000) {
    return LATER_LEAST_MS + chance * Math.max(ceilingMs, LATER_LEAST_MS);
  }
  return ceilingMs / 2 + (chance * ceilingMs) / 2;
}
