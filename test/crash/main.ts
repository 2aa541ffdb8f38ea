/**
 * `npm run crash -- --kills 100 [--seed N] [--json]`: kills an engine under paying load and has an independent checker
 * count. Ends with 0 only if nothing was lost, created, charged twice or acknowledged in vain. docs/TESTING.md says what
 * that proves. Exit code 2: the command line is not understood.
 */
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { wholeNumber } from '../../src/cli/arguments.ts';
import { type CanaryReport, flyCanaries } from './canaries.ts';
import { check } from './checker/check.ts';
import type { Findings } from './checker/findings.ts';
import type { Evidence } from './evidence.ts';
import { type Report, isClean, reportOf } from './report.ts';
import { run } from './run.ts';

const FINDINGS_SHOWN = 40;

const KILLS = 100;
const KILLS_FOR_CANARIES = 3;

interface Options {
  readonly kills?: number;
  readonly seed?: number;
  readonly json?: true;
  readonly canaries?: true;
  readonly evidence?: string;
  readonly check?: Evidence;
}

const values = new Command('crash')
  .description(
    'Kills an engine under paying load again and again, and has an independent checker count every sat.',
  )
  .option('--kills <n>', `how often (default: ${KILLS})`, wholeNumber(0, 1_000_000))
  .option('--seed <n>', 'of the plan of kills; another one each time by default', wholeNumber(0, 0xffff_ffff))
  .option('--json', 'the report as one line of JSON')
  .option('--canaries', 'plants mistakes into the evidence of a short run; 0 only if each was found')
  .option('--evidence <file>', 'writes the evidence there', writableFile)
  .option('--check <file>', 'judges evidence that was written before, and kills nothing', readEvidence)
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse()
  .opts<Options>();
const kills = values.kills ?? (values.canaries === true ? KILLS_FOR_CANARIES : KILLS);
const seed = values.seed ?? Date.now() % 1_000_000;

const say = (line: string): void => void process.stderr.write(`${line}\n`);
process.exitCode = values.check === undefined ? await killAndJudge() : judge(values.check);

async function killAndJudge(): Promise<number> {
  say(`seed ${seed}; the same plan again: npm run crash -- --kills ${kills} --seed ${seed}`);
  const result = await run({ kills, seed, say });
  const { evidence } = result;
  if (values.evidence !== undefined) writeFileSync(values.evidence, JSON.stringify(evidence));
  if (values.canaries === true && result.killer.problems.length === 0) return judge(evidence);
  const findings = check(evidence);
  const report = reportOf(result, findings, seed);
  show(findings);
  for (const problem of report.problems) say(`problem: ${problem}`);
  print(report);
  return isClean(report) ? 0 : 1;
}

function judge(evidence: Evidence): number {
  const findings = check(evidence);
  show(findings);
  if (findings.list.length > 0 || values.canaries !== true) {
    print(findings.verdict);
    return findings.list.length === 0 ? 0 : 1;
  }
  const report = flyCanaries(evidence);
  print(report);
  return report.missed.length === 0 ? 0 : 1;
}

function readEvidence(path: string): Evidence {
  let read: Partial<Evidence> | null;
  try {
    read = JSON.parse(readFileSync(path, 'utf8')) as Partial<Evidence> | null;
  } catch (error) {
    throw new InvalidArgumentError(reason(error));
  }
  const lists = [read?.streams, read?.rounds, read?.accounts];
  if (!lists.every(Array.isArray)) throw new InvalidArgumentError('It is no evidence.');
  return read as Evidence;
}

/** Found out before the engine is killed for an hour, not after it. */
function writableFile(path: string): string {
  try {
    closeSync(openSync(path, 'a'));
    return path;
  } catch (error) {
    throw new InvalidArgumentError(reason(error));
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function show({ list }: Findings): void {
  for (const { kind, sats, what } of list.slice(0, FINDINGS_SHOWN)) say(`${kind} ${sats}: ${what}`);
}

function print(report: Report | CanaryReport | Findings['verdict']): void {
  if (values.json === true) process.stdout.write(`${JSON.stringify(report)}\n`);
  else {
    for (const [name, value] of Object.entries(report)) {
      process.stdout.write(
        `${name.padEnd(18)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}\n`,
      );
    }
  }
}
