/**
 * Who leads. Score = weights x (sats, votes, claps), all integers; ties go to the earlier participant of the
 * terms, so that anyone who recomputes it gets the same. Pure but for the overtime, which moves the end.
 */
import { markFacts, markStir } from './marks.ts';
import { type RoundState, isRunning } from './state.ts';
import type { Scoring } from './terms.ts';

export function scoreOf(
  scoring: Scoring,
  totals: { readonly sats: number; readonly votes: number; readonly claps: number },
): number {
  return (
    scoring.satsWeight * totals.sats + scoring.voteWeight * totals.votes + scoring.clapWeight * totals.claps
  );
}

/** Participant indexes, best first. */
export function rankScores(scores: readonly number[]): number[] {
  return scores
    .map((_, index) => index)
    .toSorted((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
}

/** Rank of each participant (1 is best) from the order that `rankScores` gives. */
export function ranksOf(ranking: readonly number[]): number[] {
  const ranks: number[] = ranking.map(() => 0);
  for (const [position, index] of ranking.entries()) ranks[index] = position + 1;
  return ranks;
}

export function scoresOf(state: RoundState): number[] {
  const { sats, votes, claps } = state.totals;
  return state.terms.participants.map((_, index) =>
    scoreOf(state.terms.scoring, {
      sats: sats[index] as number,
      votes: votes[index] as number,
      claps: claps[index] as number,
    }),
  );
}

/** After the inputs of a step: the new order, and what a lead change brings. */
export function updateRanking(state: RoundState): void {
  const { session } = state;
  if (!session.scoresMoved) return;
  session.scoresMoved = false;
  session.frames.mayDrift = true;
  const leader = session.ranking[0];
  session.ranking = rankScores(scoresOf(state));
  if (session.ranking[0] === leader) return;
  markStir(state); // two that are level change places all the time
  extendForLeadChange(state);
}

/** Overtime: a lead change shortly before the end moves the end, a bounded number of times. */
function extendForLeadChange(state: RoundState): void {
  const { facts, terms } = state;
  const { overtime } = terms;
  if (overtime === null || facts.endsAtMs === null || !isRunning(facts.phase)) return;
  if (facts.overtimeCount >= overtime.extensionsMax) return;
  if (facts.nowMs < facts.endsAtMs - overtime.windowMs) return;
  facts.overtimeCount++;
  facts.endsAtMs += overtime.extendMs;
  facts.phase = 'overtime';
  markFacts(state);
  state.session.waiting.push({ kind: 'phase', phase: facts.phase, endsAtMs: facts.endsAtMs });
}
