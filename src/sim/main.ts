/**
 * Command line of the simulator (`npm run sim`): runs seeds, or hunts planted bugs. The result goes to standard
 * output, progress and traces to standard error; exit code 1 when a seed failed or a planted bug was not caught, 2 when
 * the command line is not understood.
 */
import { Command, Option } from 'commander';
import { wholeNumber } from '../cli/arguments.ts';
import { CANARIES } from './canaries/all.ts';
import { hunt } from './canaries/hunt.ts';
import { type RunOutcome, runSeed } from './run.ts';

interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly seconds?: number;
  readonly seed?: number;
  readonly trace?: true;
  readonly canaries?: true;
  readonly canary?: string;
  readonly json?: true;
}

interface Report {
  seeds: number;
  events: number;
  eventsPerSecond: number;
  readonly failures: { seed: number; checker: string; message: string; replay: string }[];
  canariesPlanted: number;
  canariesCaught: number;
}

/** Lines of the trace that are shown of a failing seed. */
const LINES_SHOWN = 60;
/** Seeds after which a planted bug counts as not caught. */
const HUNT_SEEDS = 300;
const PROGRESS_MS = 5_000;

const SEED_MAX = 0xffff_ffff;
const SEEDS_MAX = 1_000_000_000;
const SECONDS_MAX = 31 * 86_400;

const program = new Command('sim')
  .description('Runs the engine in one thread and virtual time, with faults, and checks every step.')
  .option('--seeds <n>', 'how many seeds to run', wholeNumber(1, SEEDS_MAX), 200)
  .option('--from <n>', 'first seed', wholeNumber(0, SEED_MAX), 1)
  .option(
    '--seconds <s>',
    'run fresh seeds for so long instead; the first one follows from the time',
    wholeNumber(1, SECONDS_MAX),
  )
  .addOption(
    new Option('--seed <n>', 'run this seed only')
      .argParser(wholeNumber(0, SEED_MAX))
      .conflicts(['seeds', 'from', 'seconds', 'canaries']),
  )
  .option('--trace', 'with --seed: every line of what happens, on standard error')
  .option('--canaries', 'hunt every planted bug instead')
  .addOption(
    new Option('--canary <name>', 'with --seed: run it with this planted bug').choices(
      CANARIES.map(({ name }) => name),
    ),
  )
  .option('--json', 'the result as one object')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** The failing seed once more with a trace, which is the same run. */
async function tell(seed: number): Promise<void> {
  const { lines, failure } = await runSeed({ seed, keepLines: true });
  for (const line of lines.slice(-LINES_SHOWN)) say(line);
  say(`seed ${seed}: ${failure?.checker ?? 'passed'}: ${failure?.message ?? ''}`);
  say(`replay: ${replayOf(seed)} --trace`);
}

function replayOf(seed: number, canary?: string): string {
  return `npm run sim -- --seed ${seed}${canary === undefined ? '' : ` --canary ${canary}`}`;
}

async function note(report: Report, outcome: RunOutcome): Promise<void> {
  report.seeds++;
  report.events += outcome.events;
  const { seed, failure } = outcome;
  if (failure === null) return;
  report.failures.push({ seed, checker: failure.checker, message: failure.message, replay: replayOf(seed) });
  await tell(seed);
}

async function runSeeds(options: Options, report: Report): Promise<void> {
  const beganMs = performance.now();
  const untilMs =
    options.seconds === undefined ? Number.POSITIVE_INFINITY : beganMs + options.seconds * 1_000;
  const from = options.seconds === undefined ? options.from : Math.floor(Date.now() / 1_000);
  let saidMs = beganMs;
  for (
    let no = 0;
    performance.now() < untilMs && (options.seconds !== undefined || no < options.seeds);
    no++
  ) {
    await note(report, await runSeed({ seed: from + no }));
    if (performance.now() - saidMs < PROGRESS_MS) continue;
    saidMs = performance.now();
    say(`${report.seeds} seeds, ${report.events} events, ${report.failures.length} failures`);
  }
  report.eventsPerSecond = Math.round((report.events * 1_000) / (performance.now() - beganMs));
}

async function runOne(seed: number, options: Options, report: Report): Promise<void> {
  const canary = CANARIES.find(({ name }) => name === options.canary);
  const beganMs = performance.now();
  const outcome = await runSeed({
    seed,
    ...(canary === undefined ? {} : { canary }),
    ...(options.trace === true ? { write: say } : {}),
  });
  say(`trace hash ${outcome.hash}`);
  report.seeds = 1;
  report.events = outcome.events;
  report.eventsPerSecond = Math.round((report.events * 1_000) / (performance.now() - beganMs));
  const { failure } = outcome;
  if (failure !== null) {
    say(`${failure.checker} at ${(failure.atMs / 1_000).toFixed(3)}: ${failure.message}`);
    report.failures.push({
      seed,
      checker: failure.checker,
      message: failure.message,
      replay: replayOf(seed, canary?.name),
    });
  }
}

async function huntAll(options: Options, report: Report): Promise<void> {
  for (const canary of CANARIES) {
    const { name, seeds, caught } = await hunt(canary, { from: options.from, seedsMax: HUNT_SEEDS });
    report.canariesPlanted++;
    if (caught !== null) report.canariesCaught++;
    say(
      `${name.padEnd(26)} ${caught === null ? `NOT CAUGHT in ${seeds} seeds` : `caught by ${caught.checker}, seed ${caught.seed}`}`,
    );
  }
}

const options = program.parse().opts<Options>();
if (options.seed === undefined && (options.trace === true || options.canary !== undefined))
  program.error(`error: option '${options.trace === true ? '--trace' : '--canary <name>'}' needs --seed`);
const report: Report = {
  seeds: 0,
  events: 0,
  eventsPerSecond: 0,
  failures: [],
  canariesPlanted: 0,
  canariesCaught: 0,
};
if (options.canaries === true) await huntAll(options, report);
else if (options.seed !== undefined) await runOne(options.seed, options, report);
else await runSeeds(options, report);
if (options.json === true) process.stdout.write(`${JSON.stringify(report)}\n`);
else {
  const { seeds, events, eventsPerSecond, failures, canariesPlanted, canariesCaught } = report;
  process.stdout.write(
    canariesPlanted > 0
      ? `${canariesCaught} of ${canariesPlanted} planted bugs caught\n`
      : `${seeds} seeds, ${events} events (${eventsPerSecond} a second), ${failures.length} failures\n`,
  );
}
process.exitCode = report.failures.length > 0 || report.canariesCaught < report.canariesPlanted ? 1 : 0;
