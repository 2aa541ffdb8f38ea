/**
 * What a run comes to, in one word; the command line makes its exit code of it. In this order: wrong money counts whoever
 * was the bottleneck; after that, figures that do not count cannot hold or miss a threshold; and of a run that was stopped
 * early nobody should think that it held for all of its time.
 */
import type { RunResult } from '../run-result.ts';

export type Verdict = 'money' | 'invalid' | 'thresholds' | 'stopped' | 'passed';

/** The option that is there only in the result of a load that was stopped early. */
export const STOPPED_OPTION = 'stoppedAfterSeconds';

export function verdictOf({ money, invalid, thresholds, options }: RunResult): Verdict {
  const stopped = options[STOPPED_OPTION] !== undefined;
  if (money !== null && !money.ok) return 'money';
  if (invalid.length > 0) return stopped ? 'stopped' : 'invalid';
  if (thresholds.some(({ failed }) => failed)) return 'thresholds';
  return stopped ? 'stopped' : 'passed';
}

export const VERDICT_TEXT: Readonly<Record<Verdict, string>> = {
  money: 'the money does not add up',
  invalid: 'invalid: the figures do not count',
  thresholds: 'a threshold was missed',
  stopped: 'stopped early',
  passed: 'passed',
};
