import { expect, test } from 'vitest';
import type { AccountId } from '../../src/core/ids.ts';
import { encodeDelta } from '../../src/protocol/state-codec.ts';
import type { PublicDelta } from '../../src/round/public-state.ts';
import { LOAD_DEFAULTS, type LoadOptions } from '../options.ts';
import type { LoadPlan, PlannedAct } from './plan.ts';
import { type Probe, Sightings, nameOf } from './sightings.ts';

const STARTS_AT_MS = 50_000;
const OPTIONS: LoadOptions = { ...LOAD_DEFAULTS, viewers: 10, participants: 2 };

const ACTS: readonly PlannedAct[] = [
  { kind: 'gift', atMs: 1_000, viewer: 3, target: 0, sats: 1_001 },
  { kind: 'clap', atMs: 1_100, viewer: 4, target: 1 },
  { kind: 'clap', atMs: 1_200, viewer: 5, target: 1 },
  { kind: 'gift', atMs: 2_000, viewer: 7, target: 1, sats: 1_001 },
];

interface Watching {
  readonly sightings: Sightings;
  readonly probe: Probe;
  readonly gifts: number[];
  readonly claps: number[];
  /** A frame that comes so long after the load began. */
  readonly see: (atMs: number, delta: Omit<PublicDelta, 'atMs'>) => boolean;
}

function watching(viewer: number, sinceMs: number): Watching {
  const plan: LoadPlan = { acts: ACTS, roles: [], timed: new Set(), probes: new Set([viewer]) };
  const gifts: number[] = [];
  const claps: number[] = [];
  const sinks = {
    gift: (ms: number): void => void gifts.push(ms),
    clap: (ms: number): void => void claps.push(ms),
  };
  const sightings = new Sightings({ plan, options: OPTIONS, startsAtMs: STARTS_AT_MS, sinks });
  const probe = sightings.newProbe(viewer, OPTIONS);
  sightings.follows(probe, STARTS_AT_MS + sinceMs);
  let seq = 1;
  const see = (atMs: number, delta: Omit<PublicDelta, 'atMs'>): boolean => {
    const frame = encodeDelta({ handle: 1, epoch: 1, seq: ++seq, delta: { atMs: 1, ...delta } });
    return sightings.state(probe, frame, STARTS_AT_MS + atMs);
  };
  return { sightings, probe, gifts, claps, see };
}

function gift(no: number, viewer: number): NonNullable<PublicDelta['gifts']>[number] {
  return { no, from: nameOf(viewer), account: '00'.repeat(20) as AccountId, target: 0, sats: 1_001, atMs: 1 };
}

function clapsOf(claps: number): NonNullable<PublicDelta['participants']>[number] {
  return { index: 1, sats: 0, satsPerSecond: 0, votes: 0, claps, score: 0, rank: 1, watchers: 0 };
}

test('a gift is timed from when it was due, once', () => {
  const { see, gifts } = watching(0, 0);
  expect(see(1_040, { gifts: [gift(1, 3)] })).toBe(true);
  see(1_500, { gifts: [gift(1, 3)] });
  see(2_007, { gifts: [gift(2, 7)] });
  expect(gifts).toEqual([40, 7]);
});

test('neither its own gift, nor one from before it was there, nor a stranger is timed', () => {
  const own = watching(3, 0);
  own.see(1_040, { gifts: [gift(1, 3)] });
  expect(own.gifts).toEqual([]);
  const late = watching(0, 1_500);
  late.see(1_600, { gifts: [gift(1, 3), gift(2, 9)] });
  expect(late.gifts).toEqual([]);
});

test('the n-th clap of a participant is timed from when the n-th was due', () => {
  const { see, claps } = watching(0, 0);
  see(1_150, { participants: [clapsOf(1)] });
  see(1_250, { participants: [clapsOf(1)] });
  see(1_300, { participants: [clapsOf(2)] });
  see(1_400, { participants: [clapsOf(9)] });
  expect(claps).toEqual([50, 100]);
});

test('a gift that a probe should have seen and did not is counted', () => {
  const { see, sightings, probe } = watching(0, 0);
  see(1_040, { gifts: [gift(1, 3)] });
  expect(sightings.unseenGifts(probe, 10_000)).toBe(1);
  expect(sightings.unseenGifts(probe, 1_500)).toBe(0);
  see(2_040, { gifts: [gift(2, 7)] });
  expect(sightings.unseenGifts(probe, 10_000)).toBe(0);
});

test('how often a word is wanted is read from the state', () => {
  const { see, sightings } = watching(0, 0);
  expect(sightings.payEveryMs(0)).toBe(1_000);
  see(10, { payEveryMs: 5_000 });
  expect(sightings.payEveryMs(0)).toBe(5_000);
  expect(sightings.longestPayEveryMs).toBe(5_000);
});

test('a frame that is none is told', () => {
  const { sightings, probe } = watching(0, 0);
  expect(sightings.state(probe, new Uint8Array(20).fill(0x91), STARTS_AT_MS)).toBe(false);
});
