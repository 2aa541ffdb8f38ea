/** What an error code means to the person who watches. */
import { type Code, codeInfo } from '../core/errors.ts';
import type { ConnectionState } from '../client/connection.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import type { Phase } from '../round/terms.ts';

const EXPLAINED: Partial<Record<Code, string>> = {
  UNAVAILABLE: 'The engine cannot be reached right now. Nothing is lost; please try again.',
  RATE_LIMITED: 'That was a little too fast. Please wait a moment.',
  ROUND_NOT_FOUND: 'This battle does not exist, or is too long ago.',
  ROUND_NOT_OPEN: 'This battle has not started yet.',
  ROUND_OVER: 'This battle is over. No more is taken for it.',
  ROUND_FULL: 'This battle has as many viewers as it can take.',
  INSUFFICIENT_FUNDS: 'Your balance does not cover this.',
  OVER_HOLD: 'That is more than is left of what you set aside for this battle.',
  CHAIN_EXHAUSTED: 'That is more than is left of what you set aside for this battle.',
  STEP_TOO_LARGE: 'That gift is too large for one go. Please split it.',
  VALIDATION_FAILED: 'Please enter a whole number of sats, 1 or more.',
  ALREADY_VOTED: 'You have voted in this battle already.',
  RESULTS_NOT_READY: 'The settlement is still under way.',
  FORBIDDEN: 'The engine does not allow this here.',
};

export function explain(code: Code): string {
  return EXPLAINED[code] ?? codeInfo(code).message;
}

export const PHASE_WORDS: Readonly<Record<Phase, string>> = {
  scheduled: 'Scheduled',
  lobby: 'Doors open',
  live: 'Live',
  overtime: 'Overtime',
  closing: 'Closing',
  settling: 'Settling',
  settled: 'Settled',
  cancelled: 'Cancelled',
};

/** Why a connection stays closed. */
export function explainClosed(state: Extract<ConnectionState, { kind: 'closed' }>): string {
  switch (state.closeCode) {
    case CLOSE.AUTH_FAILED:
      return 'The engine did not accept your key.';
    case CLOSE.BAD_WORDS:
      return 'The engine refused several payments, so the connection was closed.';
    default:
      return 'The connection was closed.';
  }
}
