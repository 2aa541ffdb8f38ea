/** Which round the page shows first, and which one after it. */
import type { Api } from '../client/api.ts';
import { type RoundId, isRoundId } from '../core/ids.ts';
import type { RoundSummary } from '../ports/engine.ts';
import type { Phase } from '../round/terms.ts';

export interface NextRound {
  readonly roundId: RoundId;
  readonly title: string;
  /** When the page goes there by itself, in local time; null: only when asked to. */
  readonly atMs: number | null;
}

/** Time to look at the result before the page moves on. */
const LINGER_MS = 20_000;
const REMEMBERED = 'ringside:round';

/** What is best to look at comes first. */
const WORTH: Readonly<Record<Phase, number>> = {
  live: 6,
  overtime: 6,
  lobby: 5,
  closing: 4,
  scheduled: 3,
  settling: 2,
  settled: 1,
  cancelled: 0,
};

export function isOver(phase: Phase): boolean {
  return phase === 'settled' || phase === 'cancelled' || phase === 'settling';
}

/** A reload comes back to the round of this tab. */
export function remember(roundId: RoundId): void {
  sessionStorage.setItem(REMEMBERED, roundId);
}

/** Rounds are newest first, and of equally good ones the newest is taken. */
function best(rounds: readonly RoundSummary[]): RoundSummary | undefined {
  return rounds.toSorted((a, b) => WORTH[b.phase] - WORTH[a.phase])[0];
}

/** `?round=ID`, else the round of before the reload while it goes on, else the best of the list. */
export async function firstRound(api: Api, rounds: readonly RoundSummary[]): Promise<RoundId | null> {
  const asked = new URLSearchParams(location.search).get('round');
  if (isRoundId(asked)) return asked;
  const remembered = sessionStorage.getItem(REMEMBERED);
  if (isRoundId(remembered)) {
    const round = await api.round(remembered);
    if (round.ok && WORTH[round.data.phase] >= WORTH.closing) return remembered;
  }
  return best(rounds)?.terms.roundId ?? null;
}

/** Where to go when the shown round is over. */
export function nextOf(
  rounds: readonly RoundSummary[],
  shown: { readonly roundId: RoundId; readonly overSinceMs: number; readonly manual: boolean },
): NextRound | null {
  const open = rounds.filter(
    ({ phase, terms }) => terms.roundId !== shown.roundId && WORTH[phase] >= WORTH.lobby,
  );
  const next = best(open);
  if (next === undefined) return null;
  const { roundId, title } = next.terms;
  return { roundId, title, atMs: shown.manual ? null : shown.overSinceMs + LINGER_MS };
}
