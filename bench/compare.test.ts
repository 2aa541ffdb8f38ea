import { describe, expect, it } from 'vitest';
import { type Comparison, compareRuns } from './compare.ts';
import type { BenchResult } from './report.ts';
import { type BenchRun, judged } from './run-file.ts';
import { comparisonText } from './text.ts';

const machine: BenchRun['machine'] = {
  name: 'some-cpu-2',
  cpu: 'Some CPU',
  cores: 2,
  memoryBytes: 1,
  kernel: '6',
  loadAverage: 0,
};

function result(changes: Partial<BenchResult> = {}): BenchResult {
  return {
    name: 'one',
    what: 'One thing.',
    unit: 'ns',
    better: 'less',
    ours: [100, 101, 99],
    base: null,
    bar: null,
    details: {},
    ...changes,
  };
}

function run(results: readonly BenchResult[], changes: Partial<BenchRun> = {}): BenchRun {
  return {
    ringside: 'bench',
    commit: 'abc',
    startedAt: '2026-01-01T00:00:00.000Z',
    machine,
    versions: { node: '22' },
    repeats: 3,
    quick: false,
    results: results.map(judged),
    failed: {},
    ...changes,
  };
}

function compare(before: Partial<BenchResult>, after: Partial<BenchResult>): Comparison {
  return compareRuns(run([result(before)]), run([result(after)]));
}

describe('comparing two runs', () => {
  it('finds nothing between a run and itself', () => {
    const same = compare({}, {});
    expect(same).toMatchObject({ moved: [], same: ['one'], unclear: [], added: [], gone: [], warnings: [] });
    expect(comparisonText(same)).toBe('0 moved beyond noise, 1 did not.');
  });

  it.each([
    ['less', [120, 121, 119], 'worse'],
    ['less', [80, 81, 79], 'better'],
    ['more', [120, 121, 119], 'better'],
    ['more', [80, 81, 79], 'worse'],
  ] as const)('where %s is better, calls 100 -> %j %s', (better, ours, verdict) => {
    const { moved } = compare({ better }, { better, ours });
    expect(moved).toMatchObject([{ name: 'one', verdict, unit: 'ns', before: 100, after: ours[0] }]);
    expect(moved[0]?.change).toBeCloseTo(ours[0] / 100 - 1);
  });

  it('takes a change within the noise of either run for none', () => {
    expect(compare({ ours: [100, 115, 85] }, { ours: [130, 131, 129] }).same).toEqual(['one']);
    expect(compare({}, { ours: [130, 145, 115] }).same).toEqual(['one']);
    expect(compare({}, { ours: [130, 131, 129] }).same).toEqual([]);
  });

  it('takes up to five per cent for none, however still it was', () => {
    expect(compare({ ours: [100, 100, 100] }, { ours: [105, 105, 105] }).same).toEqual(['one']);
    expect(compare({ ours: [100, 100, 100] }, { ours: [106, 106, 106] }).moved).toHaveLength(1);
  });

  it('compares ratios where there is a base, so a slower machine is no news', () => {
    const base = { name: 'bare', values: [50, 50, 50] };
    const slower = { ours: [200, 202, 198], base: { name: 'bare', values: [100, 100, 100] } };
    expect(compare({ base }, slower).same).toEqual(['one']);
    const worse = compare({ base }, { ...slower, ours: [240, 242, 238] }).moved;
    expect(worse).toMatchObject([{ verdict: 'worse', unit: 'ratio', before: 2, after: 2.4 }]);
  });

  it('does not judge what cannot be compared', () => {
    expect(compare({ ours: [100, 100] }, { ours: [200, 200, 200] }).unclear).toHaveLength(1);
    expect(compare({}, { unit: 'ms', ours: [1, 1, 1] }).unclear).toHaveLength(1);
    const base = { name: 'bare', values: [1, 1, 1] };
    expect(compare({}, { base }).unclear).toHaveLength(1);
    expect(compare({ base }, { base: { ...base, name: 'other' } }).unclear).toHaveLength(1);
  });

  it('names what is new, what is gone, and bars that are held or missed now', () => {
    const bar = { of: 'value', is: 'atMost', limit: 100 } as const;
    const left = ['hop/old', 'peers/a', 'peers/b'].map((name) => result({ name }));
    const before = run([result({ bar }), ...left]);
    const after = run([result({ bar, ours: [101, 102, 101] }), result({ name: 'hop/fresh' })]);
    const comparison = compareRuns(before, after);
    expect(comparison).toMatchObject({
      added: ['hop/fresh'],
      gone: ['hop/old'],
      notRun: ['peers'],
      bars: [{ name: 'one', now: 'missed' }],
      moved: [],
    });
    expect(comparisonText(comparison)).toContain('MISSED now: one');
    expect(compareRuns(after, before).bars).toEqual([{ name: 'one', now: 'held' }]);
  });

  it('warns when machines, versions or circumstances differ', () => {
    const before = run([]);
    const other = { ...machine, cpu: 'Other CPU', cores: 64 };
    const after = run([], {
      machine: other,
      versions: { node: '23' },
      quick: true,
      failed: { ingest: 'no' },
    });
    const { warnings } = compareRuns(before, after);
    for (const word of ['Other CPU', 'cores 2 and 64', 'node 22 became 23', 'quick', 'ingest failed']) {
      expect(warnings.join('\n')).toContain(word);
    }
  });
});
