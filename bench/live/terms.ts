/** Rounds for benches: open at once, and longer than any bench. */
import type { AccountId, RoundId } from '../../src/core/ids.ts';
import { demoTerms } from '../../src/demo/terms.ts';
import type { RoundTerms } from '../../src/round/terms.ts';

const ROUND_MS = 6 * 3_600_000;
const PLATFORM = '00'.repeat(20) as AccountId;

export function benchRounds(count: number): readonly RoundTerms[] {
  const nowMs = Date.now();
  return Array.from({ length: count }, (_, no) => ({
    ...demoTerms({
      roundId: `bench-${no}` as RoundId,
      no: 0,
      lobbyAtMs: nowMs,
      startsAtMs: nowMs,
      durationMs: ROUND_MS,
      payoutMinSats: 20,
      platformAccount: PLATFORM,
    }),
    overtime: null,
  }));
}
