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
import { checkPaths, paintFor, writeResults } from './cli/results.ts';
import { type Screen, createScreen, silentScreen } from './cli/screen.ts';
import { stopOnSignals } from './cli/signals.ts';
import { runLoad } from './generator/run-load.ts';
import { judgeRules } from './report/thresholds.ts';
import { verdictOf } from './report/verdict.ts';
import type { RunResult } from './run-result.ts';

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
  const screen = screenFor(order);
  const stop = stopOnSignals({
    asked: () => screen.note('stopping: what was paid is settled and reported; once more leaves at once'),
    leave: () => process.exit(EXIT.stopped),
  });
  let measured: RunResult;
  try {
    measured = await runLoad(order.load, {
      sample: (sample) => screen.sample(sample),
      say: (line) => screen.note(line),
      stop: stop.signal,
    });
  } finally {
    screen.end();
    stop.release();
  }
  const result = { ...measured, thresholds: judgeRules(order.rules, measured) };
  writeResults(result, order);
  return exitCodeOf(verdictOf(result), stop.signal.aborted);
}

/** Always on standard error: what is on standard output may be read by a program. */
function screenFor(order: Order): Screen {
  if (order.quiet) return silentScreen();
  return createScreen(process.stderr, order.load, paintFor(process.stderr, order));
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
