/**
 * What every viewer of a load test does when, as a function of the options alone: the same seed is the same load,
 * however many processes share it. Nothing here waits for an answer of the engine (open loop). Times are milliseconds
 * from the beginning of full load.
 *
 * Acts are spread evenly (one at a random moment of each of as many equal slices). Paying is not in the plan: each
 * viewer pays once an interval (`nextPayMs`).
 */
import { Prng } from '../../src/core/prng.ts';
import type { LoadOptions } from '../options.ts';

export type ViewerRole = 'steady' | 'slow' | 'bad';

export type Act =
  | { readonly kind: 'gift'; readonly target: number; readonly sats: number }
  | { readonly kind: 'clap' | 'vote' | 'watch'; readonly target: number }
  /** Loses its connection and is back after `AWAY_MS`. */
  | { readonly kind: 'drop' }
  /** Closes its stream and goes; another one comes in its place. */
  | { readonly kind: 'replace' }
  | { readonly kind: 'misbehave'; readonly how: Misbehaviour };

export type Misbehaviour = 'badWord' | 'garbage' | 'flood';

export type PlannedAct = Act & { readonly atMs: number; readonly viewer: number };

export interface LoadPlan {
  /** Of all viewers, in order of time. */
  readonly acts: readonly PlannedAct[];
  readonly roles: readonly ViewerRole[];
  /** Viewers whose state frames are looked at. They are not in the churn, so that they miss nothing. */
  readonly probes: ReadonlySet<number>;
  /** Those of whom something is timed to the millisecond: probes and givers. */
  readonly timed: ReadonlySet<number>;
}

/** How long one that lost its connection is away. */
export const AWAY_MS = 1_000;
/** From when on and until when one that goes gives nothing: gifts are timed, and it would be its own absence that is. */
const GONE_MS = 3_000;
/** Where nearly everybody is going, somebody who goes gives too. */
const GIVER_TRIES_MAX = 50;
const PROBE_SHARE = 0.01;
const PROBES_MIN = 20;
const PROBES_PER_ROUND_MIN = 2;
const MISBEHAVE_EVERY_MS = 5_000;
const GIFT_SATS = 1_000;
const MISBEHAVIOURS: readonly Misbehaviour[] = ['badWord', 'garbage', 'flood'];
/** Of the golden ratio: multiples of it fall evenly into [0, 1). */
const GOLDEN = 0.618_033_988_749_895;

export function roundOf(viewer: number, options: Pick<LoadOptions, 'rounds'>): number {
  return viewer % options.rounds;
}

/**
 * When a viewer pays next after `afterMs`: once an interval, at its own phase of it. So they stay spread over the whole
 * interval also when the engine makes it longer.
 */
export function nextPayMs(viewer: number, intervalMs: number, afterMs: number): number {
  const phase = (viewer * GOLDEN) % 1;
  // A hair more, because what was due at the phase itself is rounded.
  return (Math.floor(afterMs / intervalMs - phase + 1e-6) + 1 + phase) * intervalMs;
}

/** Whom it watches at first. */
export function firstTarget(viewer: number, options: Pick<LoadOptions, 'rounds' | 'participants'>): number {
  return Math.floor(viewer / options.rounds) % options.participants;
}

/** The sats of a viewer's gifts differ, so that a gift is known by its giver and its sats. */
export function giftSats(ordinal: number): number {
  return GIFT_SATS + 1 + (ordinal % (GIFT_SATS - 1));
}

/**
 * Which viewers are driven by a process. Where there are several, the first has those that are timed and nobody else:
 * what they do and see is not delayed by thousands of others, as it would not be on a person's own machine.
 */
export function viewersOfProcess(
  { roles, timed }: Pick<LoadPlan, 'roles' | 'timed'>,
  process: number,
  processes: number,
): readonly number[] {
  if (processes === 1) return [...roles.keys()];
  if (process === 0) return [...timed].toSorted((a, b) => a - b);
  const others = [...roles.keys()].filter((viewer) => !timed.has(viewer));
  const share = (no: number): number => Math.floor((others.length * no) / (processes - 1));
  return others.slice(share(process - 1), share(process));
}

export function planLoad(options: LoadOptions): LoadPlan {
  const { viewers, seconds, seed, participants } = options;
  const roles = Array.from({ length: viewers }, (_, viewer) => roleOf(viewer, options));
  const steady = roles.flatMap((role, viewer) => (role === 'steady' ? [viewer] : []));
  const probes = pickProbes(steady, options);
  const loadMs = seconds * 1_000;
  const acts: PlannedAct[] = [];
  const spread = (
    kind: number,
    count: number,
    add: (atMs: number, random: Prng, no: number) => void,
  ): void => {
    const random = new Prng(seed * 64 + kind);
    for (let no = 0; no < count; no++) {
      add(((no + random.u32() / 2 ** 32) * loadMs) / count, random, no);
    }
  };

  const goings = new Map<number, number[]>();
  const movable = steady.filter((viewer) => !probes.has(viewer));
  const churn = movable.length === 0 ? 0 : Math.round((options.churnPerMinute * viewers * seconds) / 60);
  spread(1, churn, (atMs, random, no) => {
    const viewer = movable[random.below(movable.length)] as number;
    if (goings.get(viewer)?.some((other) => Math.abs(other - atMs) < GONE_MS) === true) return;
    goings.set(viewer, [...(goings.get(viewer) ?? []), atMs]);
    acts.push({ kind: no % 2 === 0 ? 'drop' : 'replace', atMs, viewer });
  });
  const giver = (atMs: number, random: Prng): number => {
    for (let tries = 1; ; tries++) {
      const viewer = steady[random.below(steady.length)] as number;
      const goes = goings.get(viewer)?.some((at) => Math.abs(at - atMs) < GONE_MS) === true;
      if (!goes || tries === GIVER_TRIES_MAX) return viewer;
    }
  };
  const enough = steady.length > 0;
  const given = new Map<number, number>();
  spread(2, enough ? Math.round(options.giftsPerSecond * seconds) : 0, (atMs, random) => {
    const viewer = giver(atMs, random);
    const ordinal = given.get(viewer) ?? 0;
    given.set(viewer, ordinal + 1);
    acts.push({ kind: 'gift', atMs, viewer, target: random.below(participants), sats: giftSats(ordinal) });
  });
  spread(3, enough ? Math.round(options.clapsPerSecond * seconds) : 0, (atMs, random) => {
    acts.push({ kind: 'clap', atMs, viewer: giver(atMs, random), target: random.below(participants) });
  });
  spread(4, Math.round(options.votesShare * viewers), (atMs, random, no) => {
    const viewer = Math.floor(no / options.votesShare);
    acts.push({ kind: 'vote', atMs, viewer, target: random.below(participants) });
  });
  if (options.switchEverySeconds > 0) {
    spread(5, Math.round((viewers * seconds) / options.switchEverySeconds), (atMs, random, no) => {
      acts.push({ kind: 'watch', atMs, viewer: no % viewers, target: random.below(participants) });
    });
  }
  const bad = roles.flatMap((role, viewer) => (role === 'bad' ? [viewer] : []));
  spread(6, Math.round((bad.length * loadMs) / MISBEHAVE_EVERY_MS), (atMs, random, no) => {
    const how = MISBEHAVIOURS[random.below(MISBEHAVIOURS.length)] ?? 'garbage';
    acts.push({ kind: 'misbehave', atMs, viewer: bad[no % bad.length] as number, how });
  });
  if (options.reconnectStormAtSeconds !== null) {
    const atMs = options.reconnectStormAtSeconds * 1_000;
    for (let viewer = 0; viewer < viewers; viewer++) acts.push({ kind: 'drop', atMs, viewer });
  }
  acts.sort((a, b) => a.atMs - b.atMs);
  const timed = new Set(probes);
  for (const { kind, viewer } of acts) if (kind === 'gift') timed.add(viewer);
  return { acts, roles, probes, timed };
}

/** Exactly the share of each, evenly among the others, and the two kinds not on the same viewers. */
function roleOf(viewer: number, { slowReaders, misbehaving }: LoadOptions): ViewerRole {
  const nth = (share: number, shift: number): boolean =>
    Math.floor((viewer + 1) * share + shift) > Math.floor(viewer * share + shift);
  if (nth(slowReaders, 0)) return 'slow';
  return nth(misbehaving, 0.5) ? 'bad' : 'steady';
}

function pickProbes(steady: readonly number[], options: LoadOptions): ReadonlySet<number> {
  const byRound = Map.groupBy(steady, (viewer) => roundOf(viewer, options));
  const least = Math.max(PROBES_PER_ROUND_MIN, Math.ceil(PROBES_MIN / options.rounds));
  const probes = new Set<number>();
  for (const members of byRound.values()) {
    const wanted = Math.max(least, Math.ceil(members.length * PROBE_SHARE));
    const count = Math.min(members.length, wanted);
    for (let no = 0; no < count; no++) {
      probes.add(members[Math.floor((no * members.length) / count)] as number);
    }
  }
  return probes;
}
