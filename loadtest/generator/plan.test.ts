import { expect, test } from 'vitest';
import { LOAD_DEFAULTS, type LoadOptions } from '../options.ts';
import { nextPayMs, planLoad, roundOf, viewersOfProcess } from './plan.ts';

const OPTIONS: LoadOptions = {
  ...LOAD_DEFAULTS,
  viewers: 1_000,
  seconds: 30,
  giftsPerSecond: 5,
  clapsPerSecond: 20,
  votesShare: 0.25,
  switchEverySeconds: 15,
  churnPerMinute: 0.2,
  reconnectStormAtSeconds: 10,
  slowReaders: 0.1,
  misbehaving: 0.1,
  rounds: 4,
  participants: 3,
};

test('the same options are the same load, another seed is another', () => {
  expect(planLoad(OPTIONS)).toEqual(planLoad({ ...OPTIONS }));
  expect(planLoad(OPTIONS).acts).not.toEqual(planLoad({ ...OPTIONS, seed: 2 }).acts);
});

test('how many processes share it changes nothing', () => {
  expect(planLoad({ ...OPTIONS, processes: 7 })).toEqual(planLoad(OPTIONS));
});

test('there is as much of everything as was asked for, spread over the load', () => {
  const { acts, roles } = planLoad(OPTIONS);
  const count = (kind: string): number => acts.filter((act) => act.kind === kind).length;
  expect(count('gift')).toBe(150);
  expect(count('clap')).toBe(600);
  expect(count('vote')).toBe(250);
  expect(count('watch')).toBe(2_000);
  // A storm takes everybody; of the churn those are left out who would go twice at almost the same time.
  const goings = count('drop') - 1_000 + count('replace');
  expect(goings).toBeGreaterThan(80);
  expect(goings).toBeLessThanOrEqual(100);
  expect(roles.filter((role) => role === 'slow')).toHaveLength(100);
  expect(roles.filter((role) => role === 'bad')).toHaveLength(100);
  expect(acts.map(({ atMs }) => atMs)).toEqual(acts.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
  const gifts = acts.filter(({ kind }) => kind === 'gift').map(({ atMs }) => atMs);
  for (let second = 0; second < 30; second++) {
    const inSecond = gifts.filter((atMs) => Math.floor(atMs / 1_000) === second);
    expect(inSecond).toHaveLength(5);
  }
});

test('each round has probes, and they are never in the churn', () => {
  const { acts, probes, roles } = planLoad({ ...OPTIONS, reconnectStormAtSeconds: null });
  for (let round = 0; round < 4; round++) {
    expect([...probes].filter((viewer) => roundOf(viewer, OPTIONS) === round)).toHaveLength(5);
  }
  for (const { kind, viewer } of acts) {
    if (kind === 'drop' || kind === 'replace') expect(probes.has(viewer)).toBe(false);
  }
  for (const viewer of probes) expect(roles[viewer]).toBe('steady');
});

test('a gift is known by its giver and its sats, and nobody gives around going', () => {
  const { acts, roles } = planLoad({ ...OPTIONS, reconnectStormAtSeconds: null, giftsPerSecond: 50 });
  const seen = new Set<string>();
  for (const act of acts) {
    if (act.kind !== 'gift') continue;
    const key = `${act.viewer} ${act.sats}`;
    expect(seen.has(key)).toBe(false);
    seen.add(key);
    expect(roles[act.viewer]).toBe('steady');
    const close = acts.filter(
      ({ viewer, kind, atMs }) =>
        viewer === act.viewer && (kind === 'drop' || kind === 'replace') && Math.abs(atMs - act.atMs) < 1_000,
    );
    expect(close).toEqual([]);
  }
});

test.each([
  ['one viewer', { viewers: 1, rounds: 1, churnPerMinute: 1 }],
  ['only slow readers', { slowReaders: 1, misbehaving: 0 }],
  ['only misbehaving viewers', { slowReaders: 0, misbehaving: 1 }],
  ['everybody going all the time', { churnPerMinute: 1, seconds: 600, viewers: 20 }],
  ['nothing to do', { giftsPerSecond: 0, clapsPerSecond: 0, votesShare: 0, switchEverySeconds: 0 }],
])('%s has a plan too', (_, changes) => {
  const options = { ...OPTIONS, ...changes };
  const { acts } = planLoad(options);
  for (const { viewer } of acts) expect(viewer).toBeLessThan(options.viewers);
});

test.each([1, 2, 3, 5])(
  '%i processes drive every viewer once, and those that are timed have one of their own',
  (processes) => {
    const plan = planLoad(OPTIONS);
    const shares = Array.from({ length: processes }, (_, no) => viewersOfProcess(plan, no, processes));
    expect(shares.flat().toSorted((a, b) => a - b)).toEqual([...plan.roles.keys()]);
    if (processes > 1) expect(new Set(shares[0])).toEqual(plan.timed);
  },
);

test('a viewer pays once an interval, and all of them stay spread when it gets longer', () => {
  const first = Array.from({ length: 1_000 }, (_, viewer) => nextPayMs(viewer, 1_000, 123_456.7));
  for (const atMs of first) {
    expect(atMs).toBeGreaterThan(123_456.7);
    expect(atMs).toBeLessThanOrEqual(124_456.8);
  }
  const second = first.map((atMs, viewer) => nextPayMs(viewer, 1_000, atMs));
  for (const [viewer, atMs] of second.entries()) expect(atMs - (first[viewer] ?? 0)).toBeCloseTo(1_000, 3);
  const slower = second.map((atMs, viewer) => nextPayMs(viewer, 5_000, atMs));
  const perSecond = Map.groupBy(slower, (atMs) => Math.floor(atMs / 1_000));
  for (const due of [...perSecond.values()].slice(1, -1)) expect(due.length).toBeLessThan(300);
});
