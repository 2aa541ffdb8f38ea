/** Scores between frames: sats grow by themselves and count with their weight, votes and claps come with frames. */
import { satsAt } from '../client/extrapolate.ts';
import type { PageModel } from './page-model.ts';

/** By participant, in the order of the list. */
export function liveScore(model: PageModel): readonly number[] {
  const { state, summary, viewer } = model;
  if (state === null) return [];
  const weight = summary?.terms.roundId === state.roundId ? summary.terms.scoring.satsWeight : 0;
  const now = viewer?.serverNowMs() ?? 0;
  return state.participants.map((one) => one.score + weight * (satsAt(state, one, now) - one.sats));
}
