/** What a run tells the program that started it. One number for each thing that one does differently about. */
import type { Verdict } from '../report/verdict.ts';

export const EXIT: Readonly<
  Record<'passed' | 'failed' | 'usage' | 'invalid' | 'notRun' | 'bug' | 'stopped', number>
> = {
  passed: 0,
  /** A threshold was missed, or the money differs. */
  failed: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** The figures do not count: say, the generator was the bottleneck. */
  invalid: 3,
  /** There was no run: no engine, too few open files. */
  notRun: 4,
  /** A bug of ours. */
  bug: 70,
  /** Stopped early by Ctrl-C or SIGTERM, and nothing failed until then. Not a pass: a second is no minute. */
  stopped: 130,
};

export const EXIT_HELP: string = `  ${EXIT.passed}    everything held
  ${EXIT.failed}    a threshold was missed, or the money differs
  ${EXIT.usage}    the command line makes no sense
  ${EXIT.invalid}    the figures do not count, say the generator was the bottleneck
  ${EXIT.notRun}    there was no run: no engine, too few open files
  ${EXIT.bug}   a bug of the load tester
  ${EXIT.stopped}  stopped early, and nothing failed until then`;

export function exitCodeOf(verdict: Verdict): number {
  switch (verdict) {
    case 'money':
    case 'thresholds':
      return EXIT.failed;
    case 'invalid':
      return EXIT.invalid;
    case 'stopped':
      return EXIT.stopped;
    case 'passed':
      return EXIT.passed;
    default:
      return verdict satisfies never;
  }
}
