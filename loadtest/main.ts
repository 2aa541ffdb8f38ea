/**
 * `npm run loadtest -- [options]`: puts viewers on an engine, shows what happens while it does, and says at the end what was
 * measured and whether the money adds up. What may be asked for is in `cli/command.ts`, what is done in `generator/`, what
 * is said in `report/`; docs/LOADTEST.md tells people.
 */
import { CommanderError } from 'commander';
import { CliError } from '../src/cli/terminal.ts';
import { ConfigError } from '../src/config.ts';
import { createCommand } from './cli/command.ts';
import { EXIT, exitCodeOf } from './cli/exit-codes.ts';
import type { Order } from './cli/order.ts';
import { checkEngine } from './cli/preflight.ts';
import { checkPaths, paintFor, writeResults } from './cli/results.ts';
import { createScreen, silentScreen } from './cli/screen.ts';
import { onStopSignals } from './cli/signals.ts';
import { ROUNDS_END_AFTER_MS } from './generator/rounds.ts';
import { EARLY_WAIT_MS_MAX, SETTLE_MS, runLoad } from './generator/run-load.ts';
import type { LoadOptions } from './options.ts';
import { formatSeconds } from './report/format.ts';
import type { LivePlan } from './report/live.ts';
import { judgeRules } from './report/thresholds.ts';
import { STOPPED_OPTION, verdictOf } from './report/verdict.ts';
import type { RunResult, Sample } from './run-result.ts';

function sayError(text: string): void {
  process.stderr.write(`loadtest: ${text.trim()}\n`);
}

/** Whoever read along may go first (`| head`): the run goes on, and its exit code still counts. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

async function loadAndReport(order: Order): Promise<number> {
  checkPaths(order);
  await checkEngine(order.load);
  const plan = planOf(order.load);
  const screen = order.quiet
    ? silentScreen()
    : createScreen(process.stderr, plan, paintFor(process.stderr, order));
  const stopping = new AbortController();
  let last: Sample | null = null;
  const takeNoSignals = onStopSignals({
    stop() {
      if (last === null || last.phase === 'ramp') return false;
      stopping.abort();
      const leftMs = (plan.rampSeconds + plan.seconds) * 1_000 + ROUNDS_END_AFTER_MS - last.atMs;
      const settled =
        leftMs > EARLY_WAIT_MS_MAX
          ? 'the rounds end too late to look at the money'
          : `what was paid is settled when the rounds end, in ${formatSeconds(Math.max(0, leftMs))}`;
      screen.note(`stopping: ${settled}; once more leaves at once`);
      return true;
    },
    leave() {
      sayError('left: nothing was settled, nothing is reported');
      process.exit(EXIT.stopped); // what was started goes with it
    },
  });
  let measured: RunResult;
  try {
    measured = await runLoad(order.load, {
      sample(sample) {
        last = sample;
        screen.sample(sample);
      },
      say: (line) => screen.note(line),
      stop: stopping.signal,
    });
  } finally {
    screen.end();
    takeNoSignals();
  }
  const result: RunResult = {
    ...measured,
    options: { ...measured.options, ...(stopping.signal.aborted && stoppedOption(measured)) },
    thresholds: judgeRules(order.rules, measured),
  };
  writeResults(result, order);
  return exitCodeOf(verdictOf(result));
}

function stoppedOption({ samples }: RunResult): RunResult['options'] {
  return { [STOPPED_OPTION]: samples.filter(({ phase }) => phase === 'load').length };
}

/** As the samples count it. */
function planOf({ viewers, rampSeconds, seconds }: LoadOptions): LivePlan {
  return { viewers, rampSeconds: Math.ceil(rampSeconds) + SETTLE_MS / 1_000, seconds };
}

async function run(argv: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.passed;
  const command = createCommand(async (order) => {
    exitCode = await loadAndReport(order);
  });
  command.exitOverride().configureOutput({ outputError: () => undefined });
  try {
    await command.parseAsync(argv);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.passed; // --help
      sayError(`${error.message.replace(/^error: /, '')}\nloadtest: --help lists every option`);
      return EXIT.usage;
    }
    if (error instanceof ConfigError) {
      for (const problem of error.problems) sayError(problem);
      return EXIT.usage;
    }
    if (error instanceof CliError) {
      sayError(error.message);
      return error.exitCode === 2 ? EXIT.usage : EXIT.notRun;
    }
    sayError(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return EXIT.bug;
  }
}

outliveReaders();
// Not process.exit: what was written to a pipe has to arrive.
process.exitCode = await run(process.argv);
