/** `ringside watch`: a viewer in the terminal that pays by the second, like the page does. */
import type { Command } from 'commander';
import type { Api, ClientConfig } from '../client/api.ts';
import { isRunning } from '../client/extrapolate.ts';
import { newIdentity } from '../client/identity.ts';
import { Viewer } from '../client/viewer.ts';
import { codeInfo } from '../core/errors.ts';
import type { RoundId } from '../core/ids.ts';
import type { RoundSummary } from '../ports/engine.ts';
import type { Phase } from '../round/terms.ts';
import { roundIdArgument, wholeNumber } from './arguments.ts';
import { type UrlOptions, addUrlOption, dataOf, engineApi } from './engine-api.ts';
import { nodePlatform } from './node-client.ts';
import { CliError, say } from './terminal.ts';
import { type WatchLines, jsonLines, textLines } from './watch-lines.ts';

interface WatchOptions extends UrlOptions {
  readonly round?: RoundId;
  readonly for?: string;
  readonly seconds?: number;
  readonly gift?: number;
  readonly name: string;
  readonly json?: boolean;
}

/** Phases one would want to look at, best first. */
const WATCHABLE: readonly Phase[] = ['live', 'overtime', 'lobby'];
/** What the faucet is asked for, if it gives that much. */
const FUNDS_SATS = 100_000;
const STATUS_MS = 1_000;
const ROUND_OVER = 'round over';
/** How long the end waits for acknowledgements, and for a settlement when the round is over. */
const LEAVE_MS = 5_000;
const SETTLEMENT_MS = 30_000;

export function addWatchCommand(program: Command): void {
  const watch = program
    .command('watch')
    .description(
      'watch a round in the terminal and pay by the second, with a new key and coins of the faucet',
    )
    .option('--round <id>', 'round to watch (default: the newest that is live)', roundIdArgument)
    .option(
      '--for <participant>',
      'whom to watch and pay for: id, name or number from 1 (default: the first)',
    )
    .option(
      '--seconds <seconds>',
      'stop after this long (default: when the round is over)',
      wholeNumber(1, 86_400),
    )
    .option('--gift <sats>', 'give this much once, at the beginning', wholeNumber(1, 1_000_000))
    .option('--name <name>', 'name that others see', 'terminal')
    .option('--json', 'print JSON lines: state, gift, result, end');
  addUrlOption(watch)
    .addHelpText(
      'after',
      `
Examples:
  $ ringside watch
  $ ringside watch --for ada --seconds 30 --gift 500
  $ ringside watch --round grand-final --json | grep '"event":"gift"'`,
    )
    .action(watchRound);
}

async function watchRound(options: WatchOptions): Promise<void> {
  const { api, url } = engineApi(options);
  const config = dataOf(await api.config(), url);
  const round = await findRound(api, url, options.round);
  const { roundId, participants } = round.terms;
  const target = targetOf(options.for, participants);
  const viewer = new Viewer({
    url: config.wsUrl,
    network: config.network,
    identity: newIdentity(nodePlatform),
    platform: nodePlatform,
    name: options.name.slice(0, 32),
    agent: 'ringside watch',
    giftBudgetSats: options.gift ?? 0,
  });
  await fund(api, url, config, viewer);
  say(
    `watching ${roundId} (${round.terms.title}) for ${participants[target]?.name ?? '?'}, as ${viewer.account}`,
  );
  try {
    await attend(viewer, { options, roundId, target, wsUrl: config.wsUrl });
  } finally {
    viewer.close();
  }
}

async function findRound(api: Api, url: string, roundId: RoundId | undefined): Promise<RoundSummary> {
  if (roundId !== undefined) return dataOf(await api.round(roundId), url);
  for (const phase of WATCHABLE) {
    const [newest] = dataOf(await api.rounds({ phase, limit: 1 }), url).rounds;
    if (newest !== undefined) return newest;
  }
  throw new CliError(`no round is live at ${url}; ringside round list shows all of them`);
}

function targetOf(text: string | undefined, participants: RoundSummary['terms']['participants']): number {
  if (text === undefined) return 0;
  const wanted = text.toLowerCase();
  const index = participants.findIndex((one) => one.id === wanted || one.name.toLowerCase() === wanted);
  if (index >= 0) return index;
  if (/^\d{1,2}$/.test(text) && participants[Number(text) - 1] !== undefined) return Number(text) - 1;
  const known = participants.map(({ id, name }) => `${id} (${name})`).join(', ');
  throw new CliError(`there is no participant ${JSON.stringify(text)}; there are ${known}`, 2);
}

async function fund(api: Api, url: string, config: ClientConfig, viewer: Viewer): Promise<void> {
  if (config.faucetSatsMax === null)
    throw new CliError(`the engine at ${url} has no faucet to take coins from`);
  const sats = Math.min(FUNDS_SATS, config.faucetSatsMax);
  dataOf(await api.fundDevAccount({ account: viewer.account, sats }), url);
}

interface Attendance {
  readonly options: WatchOptions;
  readonly roundId: RoundId;
  readonly target: number;
  readonly wsUrl: string;
}

/** Watches until time, person or round ends it; throws what made that impossible. */
async function attend(viewer: Viewer, { options, roundId, target, wsUrl }: Attendance): Promise<void> {
  const lines = options.json === true ? jsonLines() : textLines(process.stdout.isTTY);
  const ending = endOf(viewer, options.seconds);
  viewer.on('error', ({ code, message }) => say(`${code}: ${message}`));
  const paid = { sats: 0, acknowledgedSats: 0 };
  viewer.on('paid', (totals) => {
    paid.sats = totals.sentSats;
    paid.acknowledgedSats = totals.acknowledgedSats;
  });
  viewer.on('ended', ({ paidSats }) => {
    paid.acknowledgedSats = Math.max(paid.acknowledgedSats, paidSats);
  });
  showEvents(viewer, lines);
  const status = nodePlatform.clock.every(STATUS_MS, () => {
    if (viewer.state !== null && viewer.state.result === null) {
      lines.status(viewer.state, viewer.serverNowMs(), viewer.paid);
    }
  });
  try {
    const connected = await Promise.race([viewer.connect(), ending.reason]);
    if (typeof connected !== 'string' && !connected.ok) {
      throw new CliError(`the edge of the engine at ${wsUrl} refused the connection`);
    }
    if (typeof connected !== 'string') await takePart(viewer, { options, roundId, target, ending });
    const ended = await ending.reason;
    if (ended === 'time is up' && viewer.connection.kind !== 'ready') {
      throw new CliError(`the edge of the engine at ${wsUrl} cannot be reached`);
    }
    if (ended !== ROUND_OVER) await within(LEAVE_MS, viewer.leave());
    lines.summary({
      round: roundId,
      phase: viewer.state?.phase ?? 'unknown',
      ended,
      paidSats: paid.sats,
      acknowledgedSats: paid.acknowledgedSats,
      ticksSent: viewer.stats.ticksSent,
      ticksAccepted: viewer.stats.ticksAccepted,
      giftsAccepted: viewer.stats.giftsAccepted,
    });
  } finally {
    status.cancel();
    ending.stop();
  }
}

/** Follows, watches and gives, each as soon as the round takes it. */
async function takePart(
  viewer: Viewer,
  { options, roundId, target, ending }: Omit<Attendance, 'wsUrl'> & { readonly ending: Ending },
): Promise<void> {
  assertOk(await viewer.follow(roundId), 'follow the round');
  if (!(await reaches(viewer, (phase) => phase !== 'scheduled', ending))) return;
  assertOk(await viewer.watch(target), 'watch');
  if (options.gift === undefined || !(await reaches(viewer, isRunning, ending))) return;
  assertOk(await viewer.gift(target, options.gift), 'give');
}

/** Waits for a phase; false when watching ended before. */
async function reaches(viewer: Viewer, wanted: (phase: Phase) => boolean, ending: Ending): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<true>();
  const look = (): void => {
    if (viewer.state !== null && wanted(viewer.state.phase)) resolve(true);
  };
  const off = viewer.on('state', look);
  look();
  const reached = await Promise.race([promise, ending.reason]);
  off();
  return reached === true;
}

function showEvents(viewer: Viewer, lines: WatchLines): void {
  let giftNo: number | null = null;
  let resultShown = '';
  viewer.on('state', ({ state }) => {
    // Gifts from before this viewer came are history.
    const newest = state.gifts.at(-1)?.no ?? 0;
    for (const gift of state.gifts) if (giftNo !== null && gift.no > giftNo) lines.gift(state, gift);
    giftNo = Math.max(giftNo ?? 0, newest);
    if (state.result !== null && state.result.status !== resultShown) {
      resultShown = state.result.status;
      lines.result(state, state.result);
    }
  });
}

interface Ending {
  /** Resolves with why. */
  readonly reason: Promise<string>;
  stop(): void;
}

/** Why watching ends, once it does: the time is up, Ctrl-C, the round is over and settled, or the connection is gone for good. */
function endOf(viewer: Viewer, seconds: number | undefined): Ending {
  const { promise, resolve } = Promise.withResolvers<string>();
  const { clock } = nodePlatform;
  const timers = seconds === undefined ? [] : [clock.after(seconds * 1_000, () => resolve('time is up'))];
  let settling = false;
  viewer.on('state', ({ state }) => {
    const { phase, result } = state;
    if (phase === 'settled' || phase === 'cancelled' || result?.status === 'mined') resolve(ROUND_OVER);
    else if (phase === 'settling' && !settling) {
      settling = true;
      timers.push(clock.after(SETTLEMENT_MS, () => resolve(ROUND_OVER)));
    }
  });
  viewer.on('connection', (state) => {
    if (state.kind === 'closed') resolve(`connection closed (${state.closeCode})`);
    if (state.kind === 'waiting') say(`connection lost; attempt ${state.attempt + 1} follows`);
  });
  const onSignal = (): void => resolve('stopped');
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  return {
    reason: promise,
    stop() {
      for (const timer of timers) timer.cancel();
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}

function assertOk(outcome: Awaited<ReturnType<Viewer['gift']>>, what: string): void {
  if (!outcome.ok) throw new CliError(`cannot ${what}: ${outcome.code}: ${codeInfo(outcome.code).message}`);
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = nodePlatform.clock.after(ms, resolve);
  await Promise.race([work, promise]);
  timer.cancel();
}
