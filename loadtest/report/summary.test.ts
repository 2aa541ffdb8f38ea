import { describe, expect, it } from 'vitest';
import type { RunResult } from '../run-result.ts';
import { formatBytes, formatName, formatNumber, formatSeconds } from './format.ts';
import { coloured, plain } from './paint.ts';
import { thresholdValue } from './rows.ts';
import { summaryLines } from './summary.ts';
import { exampleResult, exampleRound } from './testing/example-result.ts';
import { verdictOf } from './verdict.ts';

function summary(changes: Partial<RunResult> = {}): string {
  return summaryLines(exampleResult(changes), plain).join('\n');
}

describe('the summary', () => {
  it('has latency, traffic, machine, errors and money', () => {
    const text = summary();
    expect(text).toContain('500 viewers · 20 s');
    expect(text).toMatch(/gift .+ 400 +4\.00 +8\.00 +16\.0 +28\.0 +36\.0/);
    expect(text).not.toMatch(/^ +join/m);
    expect(text).toContain('RATE_LIMITED × 2, close 4001 × 1');
    expect(text).toContain('BAD_WORD × 9, BAD_FRAME × 4 (by misbehaving viewers)');
    expect(text).toMatch(/engine +0\.\d\d cores, 0\.\d\d in the busiest second, \d+ MiB at most/);
    expect(text).toContain('load-1  revealed 12,480 = acknowledged 12,480 = receipt 12,480 = divided 12,480');
    expect(text).not.toContain('INVALID');
    expect(text.endsWith('  passed')).toBe(true);
  });

  it('has the pauses of every thread, or says that they are not known', () => {
    const text = summary();
    expect(text).toMatch(/gc pauses, ms +count +total +longest +share/);
    expect(text).toMatch(/edge-0 +210 +324 +5\.20 +1\.20%/);
    expect(text).toMatch(/main +3 +2\.70 +1\.10 +0\.01%/);
    expect(summary({ gc: null })).toMatch(/gc +pauses are not known/);
    expect(summary({ gc: [] })).toMatch(/gc +no pause/);
  });

  it('is loud about a run that does not count', () => {
    const text = summary({ invalid: ['the generator was 340 ms late'] });
    expect(text).toContain('INVALID: do not use these figures');
    expect(text).toContain('- the generator was 340 ms late');
    expect(text.endsWith('  invalid: the figures do not count')).toBe(true);
  });

  it('shows where the money differs, wrong rounds first and never hidden', () => {
    const wrong = exampleRound('z-last', 700, { receiptSats: 699, differences: ['stream ab: 45, 44'] });
    const rounds = [...Array.from({ length: 40 }, (_, at) => exampleRound(`r-${at}`, 100)), wrong];
    const text = summary({ money: { rounds, ok: false } });
    expect(text).toContain('DIFFERS');
    expect(text).toContain('z-last  revealed 700 = acknowledged 700 ≠ receipt 699 ≠ divided 700');
    expect(text).toContain('stream ab: 45, 44');
    expect(text.indexOf('z-last')).toBeLessThan(text.indexOf('r-0'));
    expect(text).toContain('and 29 more rounds, each ok');
  });

  it('blames nobody for words that were on the way when a stream was cut off', () => {
    const rounds = [exampleRound('r-1', 700, { revealedSats: 705, acknowledgedSats: 698 })];
    const text = summary({ money: { rounds, ok: true } });
    expect(text).toContain('revealed 705 > acknowledged 698 < receipt 700 = divided 700');
    expect(text).toContain('some were cut off');
  });

  it('says that the money was not looked at', () => {
    expect(summary({ money: null })).toMatch(/money +not proven/);
  });

  it('lists thresholds with what was measured', () => {
    const text = summary({
      thresholds: [
        { rule: 'p99>100', value: 16, failed: false },
        { rule: 'errors>0', value: 3, failed: true },
        { rule: 'join.p99>1s', value: null, failed: true },
      ],
    });
    expect(text).toMatch(/ok +p99>100 +16\.0 ms/);
    expect(text).toMatch(/FAILED +errors>0 +3$/m);
    expect(text).toMatch(/FAILED +join\.p99>1s +not measured/);
  });

  it('holds with nothing in it', () => {
    const text = summary({
      samples: [],
      gc: [],
      latency: { gift: null, giftAck: null, clap: null, join: null },
      money: { rounds: [], ok: true },
      options: {},
    });
    expect(text).toContain('no latency was measured');
    expect(text).toContain('0 at once');
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('says the same in colour', () => {
    const painted = summaryLines(exampleResult(), coloured).join('\n');
    // oxlint-disable-next-line no-control-regex -- colours are control characters
    expect(painted.replaceAll(/\u001b\[\d+m/g, '')).toBe(summary());
  });
});

describe('the verdict', () => {
  const failed = [{ rule: 'p99>1', value: 2, failed: true }];
  const wrong = { rounds: [], ok: false };

  it('puts money before validity before thresholds', () => {
    expect(verdictOf(exampleResult({ money: wrong, invalid: ['x'], thresholds: failed }))).toBe('money');
    expect(verdictOf(exampleResult({ money: null, invalid: ['x'], thresholds: failed }))).toBe('invalid');
    expect(verdictOf(exampleResult({ thresholds: failed }))).toBe('thresholds');
    expect(verdictOf(exampleResult())).toBe('passed');
    const options = { stoppedAfterSeconds: 4 };
    expect(verdictOf(exampleResult({ options }))).toBe('stopped');
    expect(verdictOf(exampleResult({ options, invalid: ['x'] }))).toBe('stopped');
    expect(verdictOf(exampleResult({ options, thresholds: failed }))).toBe('thresholds');
  });
});

function shown(rule: string, value: number): string {
  return thresholdValue({ rule, value, failed: false });
}

describe('numbers', () => {
  it('are written with the digits that matter', () => {
    const written = [0, 0.0421, 0.42, 4.2, 9.996, 42.04, 99.96, 421.4, 4_210].map(formatNumber);
    expect(written).toEqual(['0', '0.042', '0.420', '4.20', '10.0', '42.0', '100', '421', '4,210']);
    expect(formatSeconds(2_500)).toBe('2.5 s');
    expect(formatBytes(190 * 1_048_576)).toBe('190 MiB');
    expect(formatBytes(2.5 * 1_073_741_824)).toBe('2.50 GiB');
    expect(formatName('slowReaders')).toBe('slow readers');
  });

  it('carry the unit of what the rule looked at', () => {
    expect(shown('gift.p99.9 >= 1s', 1_200)).toBe('1,200 ms');
    expect(shown('engineMemory>1GiB', 1_048_576)).toBe('1.00 MiB');
    expect(shown('payments/s<100', 99)).toBe('99');
    expect(shown('errors.close 4001>0', 2)).toBe('2');
  });
});
