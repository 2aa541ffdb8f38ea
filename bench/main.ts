/**
 * `npm run bench -- [names...]`: measures and prints a table; `--compare OLD NEW` reads two runs that were written with
 * `--json`. Results on standard output, progress on standard error. Exit code 1: something failed, or, with `--strict`,
 * missed its bar; 2: it was not asked for properly.
 */
import { Command, CommanderError } from 'commander';
import { wholeNumber } from '../src/cli/arguments.ts';
import { CliError, endQuietlyWhenNobodyReads, print, say } from '../src/cli/terminal.ts';
import { BENCHES } from './all.ts';
import { compareRuns } from './compare.ts';
import type { Bench, BenchContext } from './report.ts';
import { type BenchRun, judged, newRun, readRun, writeRun } from './run-file.ts';
import { comparisonText, detailsText, resultsText, summaryText } from './text.ts';

interface Options {
  readonly json?: string;
  readonly repeats?: number;
  readonly quick?: true;
  readonly strict?: true;
  readonly list?: true;
  readonly compare?: readonly string[];
}

const REPEATS = 5;
const REPEATS_QUICK = 2;
const REPEATS_MAX = 100;

function createProgram(): Command {
  return new Command('bench')
    .description('Measures what the engine is built of beside the bare libraries.')
    .argument('[names...]', 'benches to run; all of them when none is named')
    .option('--list', 'print the names of the benches and what they measure')
    .option('--json <file>', 'write all results there, with machine, versions and commit')
    .option('--repeats <n>', `repeats of each measurement (${REPEATS})`, wholeNumber(1, REPEATS_MAX))
    .option('--quick', 'small and short, to see that it works; the figures mean nothing')
    .option(
      '--strict',
      'exit with 1 when a bar is missed; it is always printed, but is no failure without this',
    )
    .option('--compare <files...>', 'two files of --json, the old and the new: print what moved beyond noise')
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .action(async (names: readonly string[], options: Options) => {
      process.exitCode = await act(names, options);
    });
}

async function act(names: readonly string[], options: Options): Promise<number> {
  if (options.compare !== undefined) return compare(options.compare, names);
  const benches = chosen(names);
  if (options.list === true) {
    for (const { name, what } of benches) print(`${name.padEnd(12)} ${what}`);
    return 0;
  }
  return await measure(benches, options);
}

function chosen(names: readonly string[]): readonly Bench[] {
  const known = BENCHES.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new CliError(`there is no bench ${JSON.stringify(unknown)}; there are ${known.join(', ')}`, 2);
  }
  return names.length === 0 ? BENCHES : BENCHES.filter(({ name }) => names.includes(name));
}

async function measure(benches: readonly Bench[], options: Options): Promise<number> {
  const { quick = false, repeats = quick ? REPEATS_QUICK : REPEATS, json } = options;
  let run = newRun({ repeats, quick });
  const keep = (): void => {
    if (json !== undefined) save(json, run);
  };
  keep(); // a file that cannot be written is found before the wait, not after it
  for (const bench of benches) {
    say(`${bench.name}: ${bench.what}`);
    run = await withBench(run, bench, { repeats, quick, say: (line) => say(`  ${line}`) });
    keep();
  }
  for (const result of run.results) print(detailsText(result));
  print(`\n${resultsText(run.results)}\n\n${summaryText(run)}`);
  if (Object.keys(run.failed).length > 0) return 1;
  return options.strict === true && run.results.some(({ held }) => held === false) ? 1 : 0;
}

/** A bench that fails takes nothing from the others. */
async function withBench(run: BenchRun, bench: Bench, context: BenchContext): Promise<BenchRun> {
  try {
    const results = await bench.run(context);
    return { ...run, results: [...run.results, ...results.map(judged)] };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    say(`  failed: ${error instanceof Error ? (error.stack ?? why) : why}`);
    return { ...run, failed: { ...run.failed, [bench.name]: why } };
  }
}

function compare(files: readonly string[], names: readonly string[]): number {
  const [before, after] = files;
  if (before === undefined || after === undefined || files.length > 2 || names.length > 0) {
    throw new CliError('--compare takes two files, the old and the new, and nothing else', 2);
  }
  print(comparisonText(compareRuns(load(before), load(after))));
  return 0;
}

function load(path: string): BenchRun {
  try {
    return readRun(path);
  } catch (error) {
    throw new CliError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`, 2);
  }
}

function save(path: string, run: BenchRun): void {
  try {
    writeRun(path, run);
  } catch (error) {
    throw new CliError(`cannot write ${path}: ${error instanceof Error ? error.message : String(error)}`, 2);
  }
}

endQuietlyWhenNobodyReads();
try {
  await createProgram().parseAsync(process.argv);
} catch (error) {
  if (!(error instanceof CliError || error instanceof CommanderError)) throw error;
  if (error.exitCode !== 0) {
    say(`bench: ${error.message.replace(/^error: /, '')}`);
    process.exitCode = 2;
  }
}
