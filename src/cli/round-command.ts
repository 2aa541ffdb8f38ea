/** `ringside round`: create, list, show, start, cancel, results, receipt. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type RoundId, isAccountId } from '../core/ids.ts';
import type { RoundResults, RoundSummary } from '../ports/engine.ts';
import { PHASES, type Phase } from '../round/terms.ts';
import { roundIdArgument, wholeNumber } from './arguments.ts';
import {
  type TokenOptions,
  type UrlOptions,
  addTokenOption,
  addUrlOption,
  adminApi,
  dataOf,
  engineApi,
} from './engine-api.ts';
import { readInput } from './input.ts';
import { CliError, amount, print, printJson, say, table } from './terminal.ts';

interface Participant {
  readonly name: string;
  readonly account?: string;
  readonly address?: string;
}

interface CreateOptions extends TokenOptions {
  readonly json?: boolean;
  readonly file?: string;
  readonly key?: string;
  readonly participant?: readonly Participant[];
  /** Fields of the body, under their names. */
  readonly id?: RoundId;
  readonly title?: string;
  readonly startsIn?: number;
  readonly seconds?: number;
  readonly endHeight?: number;
  readonly rate?: number;
  readonly directBps?: number;
  readonly overtime?: readonly [windowSeconds: number, extendSeconds: number, extensionsMax: number];
}

interface ListOptions extends UrlOptions {
  readonly json?: boolean;
  readonly limit?: number;
  readonly phase?: Phase;
  readonly cursor?: string;
}

const SECONDS_MAX = 366 * 86_400;

export function addRoundCommand(program: Command): void {
  const round = program
    .command('round')
    .description('create and manage rounds')
    .addHelpText(
      'after',
      `
Examples:
  $ ringside round list --phase live
  $ ringside round create --title Final --seconds 120 --participant Ada=ADDRESS --participant Bob=ADDRESS
  $ ringside round results some-round --json`,
    );
  addCreate(round);
  addList(round);
  addShow(round);
  addStart(round);
  addCancel(round);
  addResults(round);
  addReceipt(round);
}

function addCreate(round: Command): void {
  const create = round
    .command('create')
    .description('create a round')
    .option('--id <id>', 'id of the round', roundIdArgument)
    .option('--title <title>', 'title')
    .option(
      '--participant <name=payee>',
      'who battles, and the account or address paid; twice or more',
      participant,
    )
    .option('--starts-in <seconds>', 'seconds until it starts', wholeNumber(0, SECONDS_MAX))
    .option('--seconds <seconds>', 'how long it lasts', wholeNumber(1, SECONDS_MAX))
    .addOption(
      new Option('--end-height <height>', 'end with this block instead')
        .argParser(wholeNumber(1, 0xffff_ffff))
        .conflicts('seconds'),
    )
    .option('--rate <sats>', 'sats per second that watching costs', wholeNumber(1, 1_000))
    .option('--direct-bps <bps>', "the participant's own share, 4000 to 4500", wholeNumber(4_000, 4_500))
    .option(
      '--overtime <window,extend,times>',
      'a lead change in the last WINDOW seconds adds EXTEND',
      overtime,
    )
    .option('--file <path>', 'take the body of POST /v1/rounds from a file (- for standard input)')
    .option('--key <key>', 'Idempotency-Key: repeat it to repeat an attempt (default: random)')
    .option('--json', 'print the round as JSON');
  addTokenOption(addUrlOption(create))
    .addHelpText(
      'after',
      `
Examples:
  $ ringside round create --participant Ada=mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn \\
      --participant Bob=1111111111111111111111111111111111111111 --seconds 60
  $ ringside round create --file round.json --json`,
    )
    .action(async (options: CreateOptions) => {
      const body = options.file === undefined ? bodyOf(options) : await bodyFrom(options.file);
      const { api, url } = await adminApi(options);
      const created = dataOf(await api.createRound(body, options.key ?? randomUUID()), url);
      if (options.json === true) printJson(created);
      else print(created.terms.roundId);
    });
}

function bodyOf(options: CreateOptions): object {
  if ((options.participant?.length ?? 0) < 2) {
    throw new CliError('a round needs two participants or more: --participant NAME=ACCOUNT_OR_ADDRESS', 2);
  }
  const [windowSeconds, extendSeconds, extensionsMax] = options.overtime ?? [];
  // What is undefined is not in the JSON.
  return {
    id: options.id,
    title: options.title,
    participants: options.participant,
    startsInSeconds: options.startsIn,
    durationSeconds: options.seconds,
    endHeight: options.endHeight,
    rateSatsPerSecond: options.rate,
    directBps: options.directBps,
    overtime: options.overtime === undefined ? undefined : { windowSeconds, extendSeconds, extensionsMax },
  };
}

async function bodyFrom(path: string): Promise<object> {
  const text = (await readInput(path)).toString('utf8');
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body;
  } catch {
    // said below, with what is no object either
  }
  throw new CliError(`${path} holds no JSON object`, 2);
}

function addList(round: Command): void {
  const list = round
    .command('list')
    .description('list rounds, newest first')
    .option('--limit <count>', 'at most this many (default: 20)', wholeNumber(1, 100))
    .addOption(new Option('--phase <phase>', 'only rounds in this phase').choices([...PHASES]))
    .option('--cursor <cursor>', 'go on where a list has ended')
    .option('--json', 'print {rounds, nextCursor} as JSON');
  addUrlOption(list).action(async (options: ListOptions) => {
    const { api, url } = engineApi(options);
    const { limit, phase, cursor } = options;
    const page = dataOf(
      await api.rounds({
        ...(limit === undefined ? {} : { limit }),
        ...(phase === undefined ? {} : { phase }),
        ...(cursor === undefined ? {} : { cursor }),
      }),
      url,
    );
    if (options.json === true) return printJson(page);
    const rows = page.rounds.map(({ terms, phase: now }) => [
      terms.roundId,
      now,
      new Date(terms.startsAtMs).toISOString(),
      `${terms.title}: ${terms.participants.map((one) => one.name).join(' - ')}`,
    ]);
    if (rows.length === 0) say(phase === undefined ? 'no rounds' : `no rounds in phase ${phase}`);
    else print(table([['ID', 'PHASE', 'STARTS', 'ROUND'], ...rows]));
    if (page.nextCursor !== null) say(`more: --cursor ${page.nextCursor}`);
  });
}

function addShow(round: Command): void {
  const show = round
    .command('show')
    .description('show the terms and phase of a round')
    .argument('<round>', 'id of the round', roundIdArgument)
    .option('--json', 'print it as JSON');
  addUrlOption(show).action(async (roundId: RoundId, options: UrlOptions & { json?: boolean }) => {
    const { api, url } = engineApi(options);
    printRound(dataOf(await api.round(roundId), url), options.json);
  });
}

function addStart(round: Command): void {
  const start = round
    .command('start')
    .description('start a scheduled or lobby round now')
    .argument('<round>', 'id of the round', roundIdArgument)
    .option('--json', 'print the round as JSON');
  addTokenOption(addUrlOption(start)).action(
    async (roundId: RoundId, options: TokenOptions & { json?: boolean }) => {
      const { api, url } = await adminApi(options);
      printRound(dataOf(await api.startRound(roundId), url), options.json);
    },
  );
}

function addCancel(round: Command): void {
  const cancel = round
    .command('cancel')
    .description('cancel a round and refund everybody')
    .argument('<round>', 'id of the round', roundIdArgument)
    .option('--reason <text>', 'why', 'cancelled by the operator')
    .option('--json', 'print the round as JSON');
  addTokenOption(addUrlOption(cancel)).action(
    async (roundId: RoundId, options: TokenOptions & { json?: boolean; reason: string }) => {
      const { api, url } = await adminApi(options);
      printRound(dataOf(await api.cancelRound(roundId, options.reason), url), options.json);
    },
  );
}

function addResults(round: Command): void {
  const results = round
    .command('results')
    .description('show how a round ended, what was paid, and the transactions')
    .argument('<round>', 'id of the round', roundIdArgument)
    .option('--json', 'print them as JSON');
  addUrlOption(results).action(async (roundId: RoundId, options: UrlOptions & { json?: boolean }) => {
    const { api, url } = engineApi(options);
    const found = dataOf(await api.results(roundId), url);
    if (options.json === true) return printJson(found);
    const { terms } = dataOf(await api.round(roundId), url);
    print(
      resultsText(
        found,
        terms.participants.map((one) => one.name),
      ),
    );
  });
}

function addReceipt(round: Command): void {
  const receipt = round
    .command('receipt')
    .description('download the receipt of a settled round, to standard output or a file')
    .argument('<round>', 'id of the round', roundIdArgument)
    .option('-o, --output <path>', 'write it to this file');
  addUrlOption(receipt)
    .addHelpText(
      'after',
      `
Example:
  $ ringside round receipt some-round | ringside verify -`,
    )
    .action(async (roundId: RoundId, options: UrlOptions & { output?: string }) => {
      const { api, url } = engineApi(options);
      const bytes = dataOf(await api.receipt(roundId), url);
      if (options.output === undefined) {
        process.stdout.write(bytes);
      } else {
        await writeFile(options.output, bytes);
        say(`${bytes.length} bytes in ${options.output}`);
      }
    });
}

function printRound(round: RoundSummary, json: boolean | undefined): void {
  if (json === true) return printJson(round);
  const { terms, phase, endsAtMs } = round;
  const end =
    terms.end.kind === 'height' ? `with block ${terms.end.height}` : isoOf(endsAtMs ?? terms.end.atMs);
  print(
    table([
      ['round', terms.roundId],
      ['title', terms.title],
      ['phase', phase],
      ['starts', isoOf(terms.startsAtMs)],
      ['ends', end],
      ['rate', `${terms.rateSatsPerSecond} sat/s`],
      ...terms.participants.map((one) => [
        'participant',
        `${one.id} (${one.name}) is paid to ${one.account}`,
      ]),
    ]),
  );
}

function resultsText(results: RoundResults, names: readonly string[]): string {
  const { result, transactions } = results;
  const rows = [
    ['round', `${results.roundId} (${results.phase})`],
    ...result.ranking.map((index, at) => [
      `rank ${at + 1}`,
      `${names[index] ?? '?'} gets ${amount(result.participantSats[index] ?? 0)} sats`,
    ]),
    [
      'paid',
      `${amount(result.paidSats)} sats: ${amount(result.directSats)} direct, ${amount(result.poolSats)} pool`,
    ],
    ['platform', `${amount(result.platformSats)} sats`],
    ['carried', `${amount(results.carriedSats)} sats`],
    ['miner fee', `${amount(results.minerFeeSats)} sats, paid by the operator`],
    ...transactions.map((one) => [
      'transaction',
      `${one.txid} ${one.status}${one.blockHeight === null ? '' : ` in block ${one.blockHeight}`}`,
    ]),
  ];
  return table(rows);
}

const isoOf = (ms: number): string => new Date(ms).toISOString();

function participant(text: string, before: readonly Participant[] = []): readonly Participant[] {
  const at = text.lastIndexOf('=');
  const [name, payee] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  if (at < 1 || name === '' || payee === '') {
    throw new InvalidArgumentError('It has to be NAME=ACCOUNT or NAME=ADDRESS.');
  }
  return [...before, isAccountId(payee) ? { name, account: payee } : { name, address: payee }];
}

function overtime(text: string): readonly [number, number, number] {
  const [window, extend, times, ...more] = text.split(',').map(wholeNumber(1, 600));
  if (window === undefined || extend === undefined || times === undefined || more.length > 0) {
    throw new InvalidArgumentError('It has to be three numbers: WINDOW,EXTEND,TIMES.');
  }
  return [window, extend, times];
}
