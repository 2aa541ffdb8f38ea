/**
 * What each simulated viewer will do in one battle, decided before it starts from a seed: whom it watches,
 * when it claps, votes, gives and changes its mind. Pure, so that a run can be repeated.
 */
import { Prng } from '../core/prng.ts';

export type Act =
  | { readonly kind: 'watch'; readonly target: number }
  | { readonly kind: 'clap'; readonly target: number; readonly claps: number }
  | { readonly kind: 'vote'; readonly target: number }
  | { readonly kind: 'gift'; readonly target: number; readonly sats: number };

export interface PlannedAct {
  /** After the start of the battle. */
  readonly atMs: number;
  /** Index of the viewer. */
  readonly viewer: number;
  readonly act: Act;
}

export interface CrowdPlanOptions {
  readonly seed: number;
  readonly viewers: number;
  readonly participants: number;
  readonly durationMs: number;
  /** Share of the viewers that give once. */
  readonly giftShare: number;
}

/** Sats of a gift, common ones more often. The largest needs both chains of a stream. */
const GIFTS = [5, 10, 10, 21, 50, 50, 100, 100, 250, 500, 1_000, 2_121, 5_000];
const VOTE_SHARE = 0.6;
const CLAP_SHARE = 0.5;
const SWITCH_SHARE = 0.15;
/** Nothing but watching so close to the end. */
const QUIET_END_MS = 2_500;

/** Acts in order of time. Every viewer watches somebody from the start. */
export function planCrowd(options: CrowdPlanOptions): readonly PlannedAct[] {
  const { viewers, participants, durationMs, giftShare } = options;
  const prng = new Prng(options.seed);
  const acts: PlannedAct[] = [];
  const anyTime = (): number => 500 + prng.below(Math.max(1, durationMs - QUIET_END_MS - 500));
  for (let viewer = 0; viewer < viewers; viewer++) {
    const add = (atMs: number, act: Act): void => void acts.push({ atMs, viewer, act });
    // The lower of two throws: the first participants are the favourites, so that there is a race to see.
    let target = Math.min(prng.below(participants), prng.below(participants));
    add(0, { kind: 'watch', target });
    if (prng.chance(SWITCH_SHARE)) {
      target = prng.below(participants);
      add(anyTime(), { kind: 'watch', target });
    }
    if (prng.chance(VOTE_SHARE)) add(anyTime(), { kind: 'vote', target });
    if (prng.chance(giftShare)) {
      add(anyTime(), { kind: 'gift', target, sats: GIFTS[prng.below(GIFTS.length)] ?? 10 });
    }
    if (prng.chance(CLAP_SHARE)) {
      for (let burst = 1 + prng.below(4); burst > 0; burst--) {
        add(anyTime(), { kind: 'clap', target, claps: 1 + prng.below(8) });
      }
    }
  }
  return acts.toSorted((a, b) => a.atMs - b.atMs || a.viewer - b.viewer);
}
