/**
 * `ringside demo`: boots an engine of its own on free ports and in a temporary directory, runs one battle with
 * real connections, settles it, verifies the receipt, and says whether every figure agrees.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { type Environment, loadConfig, processEnvironment } from '../config.ts';
import type { RoundId } from '../core/ids.ts';
import { CrowdControl } from '../demo/crowd-control.ts';
import type { BattleReport } from '../demo/messages.ts';
import { type Percentiles, percentilesOf } from '../demo/percentiles.ts';
import { demoTerms } from '../demo/terms.ts';
import { type Engine, startEngine } from '../engine.ts';
import { nodeVerifyTools } from './verify-tools.ts';
import { verifyReceipt } from '../settlement/verify-receipt.ts';
import { wholeNumber } from './arguments.ts';
import type { RoundResults } from '../ports/engine.ts';
import type { RoundTerms } from '../round/terms.ts';
import type { Receipt } from '../settlement/receipt.ts';
import { CliError, amount, print, printJson, say } from './terminal.ts';

interface DemoOptions {
  readonly viewers: number;
  readonly seconds: number;
  readonly seed: number;
  readonly out?: string;
  readonly json?: boolean;
}

/** The JSON object the command prints; amounts in sats. */
interface DemoReport {
  readonly viewers: number;
  readonly connected: number;
  readonly seconds: number;
  readonly ticksSent: number;
  readonly ticksAccepted: number;
  readonly giftsSent: number;
  readonly giftsAccepted: number;
  /** From a gift leaving one viewer to another viewer seeing it in the state. */
  readonly latencyMs: Percentiles;
  readonly ledger: {
    readonly paidSats: number;
    readonly directSats: number;
    readonly poolSats: number;
    readonly payoutSats: number;
    readonly platformSats: number;
    readonly carriedSats: number;
    readonly refundedSats: number;
    readonly balanced: boolean;
  };
  readonly settlement: {
    readonly txids: readonly string[];
    readonly status: string;
    readonly minerFeeSats: number;
    readonly receiptPath: string;
  };
  readonly verified: boolean;
}

const GIFT_SHARE = 0.5;
/** For funding, connecting and opening streams: at least this, and more with more viewers. */
const LOBBY_MS_MIN = 3_000;
const LOBBY_MS_PER_VIEWER = 12;
const SETTLED_WITHIN_MS = 60_000;

export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description('run one battle with simulated viewers on an engine of its own, settle it and verify it')
    .option('--viewers <n>', 'real connections, each paying every second', wholeNumber(2, 10_000), 50)
    .option('--seconds <n>', 'length of the battle', wholeNumber(5, 600), 20)
    .option('--seed <n>', 'what the viewers do follows from it', wholeNumber(0, 0xffffffff), 1)
    .option('--out <file>', 'where to keep the receipt (default: a new temporary directory)')
    .option('--json', 'print the figures as one JSON object')
    .addHelpText(
      'after',
      `
Exit code 0 only if every figure agrees: what viewers sent, what was acknowledged, what was settled, what the
receipt proves.

Examples:
  $ ringside demo
  $ ringside demo --viewers 500 --seconds 20 --json`,
    )
    .action(async (options: DemoOptions) => {
      const { report, problems } = await runDemo(options);
      if (options.json === true) printJson(report);
      else print(describe(report));
      if (problems.length > 0) throw new CliError(problems.join('; '));
    });
}

/**
 * The demo takes no settings but those of the store. On a cluster it keeps to sets of its own: its treasury and
 * chain are as new as its data directory, and what is in a store belongs to one treasury.
 */
function storeVariables(): Environment {
  const own = { RINGSIDE_AEROSPIKE_SET_PREFIX: `demo-${randomBytes(3).toString('hex')}` };
  const given = Object.entries(processEnvironment()).filter(
    ([name]) => name === 'RINGSIDE_STORE' || name.startsWith('RINGSIDE_AEROSPIKE_'),
  );
  return { ...own, ...Object.fromEntries(given) };
}

async function runDemo(options: DemoOptions): Promise<{ report: DemoReport; problems: readonly string[] }> {
  const { viewers } = options;
  const folder = await mkdtemp(join(tmpdir(), 'ringside-demo-'));
  const receiptPath = resolve(
    options.out ?? join(await mkdtemp(join(tmpdir(), 'ringside-receipt-')), 'receipt.json'),
  );
  const config = loadConfig(storeVariables(), [], {
    apiPort: 0,
    edgePort: 0,
    dataDir: folder,
    demo: false,
    maxConnectionsPerAddress: viewers + 100,
    blockIntervalMs: 1_000,
    logLevel: 'warn',
  });
  say(`booting an engine in ${folder}`);
  const engine = await startEngine(config, { page: false });
  try {
    const played = await playBattle(engine, options);
    await writeFile(receiptPath, played.receipt);
    const verdict = verifyReceipt(played.receipt, nodeVerifyTools);
    say(`receipt: ${receiptPath}`);
    return judge(options, played, { receiptPath, verified: verdict.ok });
  } finally {
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Played {
  readonly crowd: BattleReport;
  readonly results: RoundResults;
  readonly receipt: Uint8Array;
  readonly reconciled: boolean;
}

async function playBattle(engine: Engine, { viewers, seconds, seed }: DemoOptions): Promise<Played> {
  const { control } = engine;
  say(`connecting ${viewers} viewers to ${engine.wsUrl}`);
  const crowd = await CrowdControl.start({ wsUrl: engine.wsUrl, viewers, giftShare: GIFT_SHARE }, control);
  try {
    await crowd.fund();
    const lobbyAtMs = Date.now();
    const startsAtMs = lobbyAtMs + LOBBY_MS_MIN + viewers * LOBBY_MS_PER_VIEWER;
    const roundId = 'demo' as RoundId;
    const terms: RoundTerms = {
      ...demoTerms({
        roundId,
        no: seed,
        lobbyAtMs,
        startsAtMs,
        durationMs: seconds * 1_000,
        payoutMinSats: 20,
        platformAccount: engine.platformAccount,
      }),
      overtime: null, // the length was asked for
    };
    const created = await control.createRound(terms);
    if (!created.ok) throw new CliError(`the round was refused: ${created.code}`);
    say(`battle: ${terms.title}, ${terms.participants.map(({ name }) => name).join(' against ')}`);
    const endsAtMs = startsAtMs + seconds * 1_000;
    const report = await crowd.play({
      roundId,
      participants: terms.participants.length,
      startsAtMs,
      endsAtMs,
      seed,
    });
    say('settling');
    const results = await untilMined(engine, roundId);
    const receipt = await control.receipt(roundId);
    if (!receipt.ok) throw new CliError(`no receipt: ${receipt.code}`);
    const { balanced } = await engine.reconcile();
    return { crowd: report, results, receipt: receipt.bytes, reconciled: balanced };
  } finally {
    await crowd.stop();
  }
}

/** The results once every transaction is mined and its Merkle path was checked. */
async function untilMined(engine: Engine, roundId: RoundId): Promise<RoundResults> {
  if (!(await engine.untilPhase(roundId, 'settled', SETTLED_WITHIN_MS))) {
    throw new CliError(`the round was not settled within ${SETTLED_WITHIN_MS / 1_000} seconds`);
  }
  const answer = await engine.control.results(roundId);
  if (!answer.ok) throw new CliError(`no results: ${answer.code}`);
  return answer.results;
}

/** Puts the figures together and names each that does not agree with another. */
function judge(
  options: DemoOptions,
  { crowd, results, receipt, reconciled }: Played,
  { receiptPath, verified }: { readonly receiptPath: string; readonly verified: boolean },
): { report: DemoReport; problems: readonly string[] } {
  const { result } = results;
  const { payoutSats } = (JSON.parse(Buffer.from(receipt).toString('utf8')) as Receipt).totals;
  const { paidSats, directSats, poolSats, platformSats } = result;
  const { carriedSats, refundedSats } = results;
  const balanced =
    reconciled &&
    paidSats === directSats + poolSats &&
    paidSats === payoutSats + platformSats + carriedSats + refundedSats;
  const report: DemoReport = {
    viewers: options.viewers,
    connected: crowd.connected,
    seconds: options.seconds,
    ticksSent: crowd.ticksSent,
    ticksAccepted: crowd.ticksAccepted,
    giftsSent: crowd.giftsSent,
    giftsAccepted: crowd.giftsAccepted,
    latencyMs: percentilesOf(crowd.latenciesMs),
    ledger: { paidSats, directSats, poolSats, payoutSats, platformSats, carriedSats, refundedSats, balanced },
    settlement: {
      txids: result.txids,
      status: result.status,
      minerFeeSats: results.minerFeeSats,
      receiptPath,
    },
    verified,
  };
  const problems: string[] = [];
  const agree = (what: string, one: number, other: number): void => {
    if (one !== other) problems.push(`${what}: ${one} is not ${other}`);
  };
  agree('connected and viewers', crowd.connected, options.viewers);
  agree('ticks accepted and sent', crowd.ticksAccepted, crowd.ticksSent);
  agree('gifts accepted and sent', crowd.giftsAccepted, crowd.giftsSent);
  agree('gifts seen by another viewer and sent', crowd.latenciesMs.length, crowd.giftsSent);
  agree('sats the viewers sent and sats paid', crowd.sentSats, paidSats);
  agree('sats the viewers were told and sats paid', crowd.paidSats, paidSats);
  if (!balanced) problems.push('the ledger does not balance');
  if (result.status !== 'mined') problems.push(`the settlement is ${result.status}`);
  if (!verified) problems.push('the receipt does not verify');
  for (const [code, count] of Object.entries(crowd.errors))
    problems.push(`viewers were told ${code} ${count} times`);
  return { report, problems };
}

function describe(report: DemoReport): string {
  const { ledger, settlement, latencyMs } = report;
  return [
    `viewers      ${report.connected} of ${report.viewers} connected, ${report.seconds} seconds`,
    `seconds paid ${amount(report.ticksAccepted)} of ${amount(report.ticksSent)} acknowledged`,
    `gifts        ${amount(report.giftsAccepted)} of ${amount(report.giftsSent)} acknowledged`,
    `gift latency p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms, max ${latencyMs.max} ms`,
    `paid         ${amount(ledger.paidSats)} sats = ${amount(ledger.directSats)} direct + ${amount(ledger.poolSats)} pool`,
    `             = ${amount(ledger.payoutSats)} paid out + ${amount(ledger.platformSats)} platform + ${amount(ledger.carriedSats)} carried + ${amount(ledger.refundedSats)} refunded`,
    `settlement   ${settlement.status}: ${settlement.txids.join(', ')} (miner fee ${amount(settlement.minerFeeSats)} sats)`,
    `receipt      ${settlement.receiptPath}: ${report.verified ? 'verified' : 'NOT verified'}`,
  ].join('\n');
}
