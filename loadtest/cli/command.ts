/** The command line of the load tester: what may be written, and its help. */
import { Command, Option } from 'commander';
import { urlArgument, wholeNumber } from '../../src/cli/arguments.ts';
import { LIMITS } from '../../src/core/limits.ts';
import { LOAD_DEFAULTS } from '../options.ts';
import { describeRules } from '../report/thresholds.ts';
import { decimal, flagsArgument, ruleArgument, share } from './arguments.ts';
import { EXIT_HELP } from './exit-codes.ts';
import { type Flags, type Order, orderOf } from './order.ts';

const HOUR_SECONDS = 3_600;
const VIEWERS_MAX = 1_000_000;
const ROUNDS_MAX = 10_000;

/** Calls `run` with what was asked for. Throws what commander throws, and CliError for what makes no sense together. */
export function createCommand(run: (order: Order) => Promise<void>): Command {
  const command = new Command('loadtest')
    .description(
      'Viewers that pay, give, clap and vote, on an engine that is started for the run or on one that runs. At the end ' +
        'latency, throughput, CPU, and the proof that no sat is missing.',
    )
    .addHelpOption(new Option('-h, --help', 'print this').helpGroup('Output:'));
  for (const one of [...targetOptions(), ...loadOptions(), ...outputOptions()]) command.addOption(one);
  return command
    .allowExcessArguments(false)
    .addHelpText('after', helpAfter())
    .action(async (flags: Flags) => run(await orderOf(flags)));
}

function grouped(heading: string, options: readonly Option[]): Option[] {
  return options.map((one) => one.helpGroup(heading));
}

function option<T>(flags: string, meaning: string, parse: (text: string) => T, standard?: T): Option {
  const made = new Option(flags, meaning).argParser(parse);
  return standard === undefined ? made : made.default(standard);
}

function targetOptions(): Option[] {
  return grouped('Engine:', [
    option(
      '--url <url>',
      'API of a running engine (default: one is started, and removed afterwards)',
      urlArgument,
    ),
    new Option(
      '--admin-token <token>',
      'of that engine (default: RINGSIDE_ADMIN_TOKEN, else the file admin-token in the data directory)',
    ),
    new Option(
      '--engine-flags <flags>',
      'settings of the engine that is started: "--edge-threads 2"',
    ).argParser(flagsArgument),
    new Option('--engine-node-flags <flags>', 'flags of Node for that engine: "--cpu-prof"').argParser(
      flagsArgument,
    ),
  ]);
}

function loadOptions(): Option[] {
  const standard = LOAD_DEFAULTS;
  return grouped('Load:', [
    option(
      '--viewers <count>',
      'viewers, each paying every second',
      wholeNumber(1, VIEWERS_MAX),
      standard.viewers,
    ),
    option(
      '--ramp <seconds>',
      'time over which they connect',
      decimal(0, HOUR_SECONDS),
      standard.rampSeconds,
    ),
    option(
      '--seconds <seconds>',
      'time of full load after that',
      decimal(1, 24 * HOUR_SECONDS),
      standard.seconds,
    ),
    option('--rate <words>', 'words a second of each viewer', decimal(0.01, 100), standard.rate),
    option('--gifts <count>', 'gifts a second, all together', decimal(0, 100_000), standard.giftsPerSecond),
    option('--claps <count>', 'claps a second, all together', decimal(0, 1_000_000), standard.clapsPerSecond),
    option('--votes <share>', 'viewers that vote, once', share, standard.votesShare),
    option(
      '--switch <seconds>',
      'how often each viewer turns to another participant; 0: never',
      decimal(0, HOUR_SECONDS),
      standard.switchEverySeconds,
    ),
    option(
      '--churn <share>',
      'viewers that go in a minute; half come back a second later, half are replaced',
      share,
      standard.churnPerMinute,
    ),
    option(
      '--storm <second>',
      'second of full load in which everybody loses the connection at once',
      decimal(0, 24 * HOUR_SECONDS),
    ),
    option('--slow-readers <share>', 'viewers that read nothing until the end', share, standard.slowReaders),
    new Option(
      '--read-at-once',
      'every viewer reads at once; otherwise those that nothing is timed of read every few seconds',
    ),
    option(
      '--misbehave <share>',
      'viewers that send bad words, garbage and floods too',
      share,
      standard.misbehaving,
    ),
    option(
      '--rounds <count>',
      'rounds that viewers are spread over',
      wholeNumber(1, ROUNDS_MAX),
      standard.rounds,
    ),
    option(
      '--participants <count>',
      'participants of each round',
      wholeNumber(LIMITS.participantsMin, LIMITS.participantsMax),
      standard.participants,
    ),
    option(
      '--processes <count>',
      'processes of the load generator; 0: as open files and cores ask for',
      wholeNumber(0, 1_000),
      standard.processes,
    ),
    option(
      '--seed <number>',
      'who does what when follows from it',
      wholeNumber(0, 2 ** 32 - 1),
      standard.seed,
    ),
    new Option('--generator-node-flags <flags>', 'flags of Node for those processes').argParser(
      flagsArgument,
    ),
  ]);
}

function outputOptions(): Option[] {
  return grouped('Output:', [
    new Option('--fail-if <rule>', 'exit with 1 if the rule is true; may be repeated').argParser(
      ruleArgument,
    ),
    new Option('--json <file>', 'write the result there; - is standard output, which then has nothing else'),
    new Option('--html <file>', 'write a page with charts there, which opens from disk'),
    new Option('--quiet', 'no live view and no notes; with --json - no summary either'),
    new Option('--no-color', 'no colours (NO_COLOR does the same)'),
  ]);
}

function helpAfter(): string {
  return `
Examples:
  $ npm run loadtest                                          500 viewers for 20 seconds, on an engine of its own
  $ npm run loadtest -- --viewers 5000 --ramp 20 --seconds 60 --html load.html
  $ npm run loadtest -- --viewers 2000 --fail-if 'p99>100' --fail-if 'errors>0' --quiet --json load.json
  $ npm run loadtest -- --storm 10 --fail-if 'join.p99>5s'    everybody comes back at once
  $ npm run loadtest -- --rounds 50 --gifts 10 --misbehave 2% --slow-readers 5%
  $ npm run -s loadtest -- --url http://127.0.0.1:3000 --json - | jq .latency.gift     -s: npm itself is quiet

Rules:
${describeRules()}

Exit codes:
${EXIT_HELP}

Ctrl-C ends the load, then settles and reports; twice, it leaves at once. More: docs/LOADTEST.md`;
}
