/**
 * Command line of the simulator (`npm run sim`): runs seeds, or hunts planted bugs. The result goes to standard
 * output, progress and traces to standard error; exit code 1 when a seed failed or a planted bug was not caught.
 */
import { Command, InvalidArgumentError } from 'commander';
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

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('has to be a whole number.');
  return value;
}

const program = new Command('sim')
  .description('Runs the engine in one thread and virtual time, with faults, and checks every step.')
  .option('--seeds <n>', 'how many seeds to run', wholeNumber, 200)
  .option('--from <n>', 'first seed', wholeNumber, 1)
  .option(
    '--seconds <s>',
    'run fresh seeds for so long instead; the first one follows from the time',
    wholeNumber,
  )
  .option('--seed <n>', 'run this seed only', wholeNumber)
  .option('--trace', 'with --seed: every line of what happens, on standard error')
  .option('--canaries', 'hunt every planted bug instead')
  .option('--canary <name>', 'with --seed: run it with this planted bug')
  .option('--json', 'the result as one object');

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

function replayOf(seed: number): string {
  return `npm run sim -- --seed ${seed}`;
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
  if (options.canary !== undefined && canary === undefined)
    program.error(`there is no canary ${options.canary}`);
  const outcome = await runSeed({
    seed,
    ...(canary === undefined ? {} : { canary }),
    ...(options.trace === true ? { write: say } : {}),
  });
  say(`trace hash ${outcome.hash}`);
  report.seeds = 1;
  report.events = outcome.events;
  const { failure } = outcome;
  if (failure !== null) {
    say(`${failure.checker} at ${(failure.atMs / 1_000).toFixed(3)}: ${failure.message}`);
    report.failures.push({
      seed,
      checker: failure.checker,
      message: failure.message,
      replay: replayOf(seed),
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
