import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunResult } from '../run-result.ts';
import { METRICS } from './metrics.ts';
import { exampleResult } from './testing/example-result.ts';
import { describeRules, judgeRules, parseRule } from './thresholds.ts';

function judge(text: string, result: RunResult = exampleResult()): { value: unknown; failed: boolean } {
  const parsed = parseRule(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  const [outcome] = judgeRules([parsed.rule], result);
  expect(outcome?.rule).toBe(text);
  return { value: outcome?.value, failed: outcome?.failed ?? false };
}

function problemOf(text: string): string {
  const parsed = parseRule(text);
  return parsed.ok ? '' : parsed.problem;
}

describe('rules', () => {
  it.each([
    ['p99>100', 16, false],
    ['p99>15', 16, true],
    ['gift.p50>=4', 4, true],
    ['giftAck.p99.9>63', 63, false],
    ['clap.max > 0.1s', 198, true],
    ['gift.count<400', 400, false],
    ['errors>0', 3, true],
    ['errors.RATE_LIMITED==2', 2, true],
    ['errors.close 4001>1', 1, false],
    ['errors.NEVER_SEEN>0', 0, false],
    ['errors.constructor>0', 0, false],
    ['provoked.BAD_WORD!=9', 9, false],
    ['connected<500', 500, false],
    ['connected.min<501', 500, true],
    ['reconnects>11', 12, true],
    ['payEvery>1s', 2_000, true],
    ['gc>4', expect.closeTo(5, 1), true],
    ['lag>20ms', expect.closeTo(2.5, 1), false],
    ['engineMemory<1GiB', 27 * 400_000 + 180 * 1_048_576, true],
  ])('judges %s', (text, value, failed) => {
    expect(judge(text)).toEqual({ value, failed });
  });

  it('judges the load alone, without ramp and drain', () => {
    const all = exampleResult();
    const cores = judge('engineCores>1.5').value;
    const load = all.samples.filter(({ phase }) => phase === 'load');
    expect(cores).toBeCloseTo(load.reduce((sum, one) => sum + (one.engineCores ?? 0), 0) / load.length, 9);
  });

  it('fails what was not measured', () => {
    const samples = exampleResult().samples.map((sample) => ({ ...sample, engineCores: null }));
    expect(judge('engineCores>1.5', exampleResult({ samples }))).toEqual({ value: null, failed: true });
    expect(judge('join.p99>100')).toEqual({ value: null, failed: true });
    expect(judge('connected<1', exampleResult({ samples: [] }))).toEqual({ value: null, failed: true });
  });

  it('judges the money', () => {
    const money = { rounds: [], ok: false };
    expect(judge('money!=ok')).toEqual({ value: 'ok', failed: false });
    expect(judge('money!=ok', exampleResult({ money }))).toEqual({ value: 'differs', failed: true });
    expect(judge('money!=ok', exampleResult({ money: null }))).toEqual({ value: null, failed: true });
  });

  it.each([
    ['p99', 'quotes'],
    ['money', 'quotes'],
    ['', 'no rule'],
    ['p99>', 'no rule'],
    ['p99=100', 'no rule'],
    ['p98>100', 'no metric "p98"'],
    ['gift.toString>1', 'no metric'],
    ['gfit.p99>100', 'no metric "gfit.p99"'],
    ['p99>fast', '"fast" is no number'],
    ['p99>-1', 'no number'],
    ['p99>100MiB', 'in ms or s'],
    ['errors>1ms', 'plain number'],
    ['money>0', 'money!=ok'],
    ['money!=good', 'money!=ok'],
  ])('refuses %j and says why', (text, message) => {
    expect(problemOf(text)).toContain(message);
  });

  it('never throws on nonsense', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (text) => {
        const parsed = parseRule(text);
        if (parsed.ok) judge(text);
        else expect(parsed.problem).not.toBe('');
      }),
    );
  });

  it('takes every metric with every operator, and an operator and its opposite never agree', () => {
    const opposites = fc.constantFrom(['>', '<='], ['<', '>='], ['==', '!=']);
    const limits = fc.oneof(
      fc.nat(),
      fc.double({ min: 0, max: 1e6, noNaN: true }).map((x) => x.toFixed(3)),
    );
    const names = fc.constantFrom(...METRICS.map(({ name }) => name), 'p50', 'gift.mean', 'clap.p99.9');
    fc.assert(
      fc.property(names, opposites, limits, (name, [one, other], limit) => {
        expect(judge(`${name}${one}${limit}`).failed).toBe(!judge(`${name} ${other} ${limit}`).failed);
      }),
    );
  });

  it('describes every metric', () => {
    for (const { name } of METRICS) expect(describeRules()).toContain(`  ${name} `);
  });
});
