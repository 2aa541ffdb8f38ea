/**
 * What a run comes to, in one word; the command line makes its exit code of it. In this order: wrong money counts whoever
 * was the bottleneck; after that, figures that do not count cannot hold or miss a threshold.
 */
import type { RunResult } from '../run-result.ts';

export type Verdict = 'money' | 'invalid' | 'thresholds' | 'passed';

export function verdictOf({ money, invalid, thresholds }: RunResult): Verdict {
  if (money !== null && !money.ok) return 'money';
  if (invalid.length > 0) return 'invalid';
  return thresholds.some(({ failed }) => failed) ? 'thresholds' : 'passed';
}

export const VERDICT_TEXT: Readonly<Record<Verdict, string>> = {
  money: 'the money does not add up',
  invalid: 'invalid: the figures do not count',
  thresholds: 'a threshold was missed',
  passed: 'passed',
};
