/** What the flags ask for as one order, and what makes no sense together. */
import { adminTokenFor } from '../../src/cli/engine-api.ts';
import { CliError } from '../../src/cli/terminal.ts';
import type { LoadOptions } from '../options.ts';
import type { Rule } from '../report/thresholds.ts';

/** What is asked for: a load, and what to do with its result. */
export interface Order {
  readonly load: LoadOptions;
  readonly rules: readonly Rule[];
  /** Path, or `-` for standard output; null: nowhere. */
  readonly jsonPath: string | null;
  readonly htmlPath: string | null;
  readonly quiet: boolean;
  readonly color: boolean;
}

/** As commander hands them over. */
export interface Flags {
  readonly url?: string;
  readonly adminToken?: string;
  readonly viewers: number;
  readonly ramp: number;
  readonly seconds: number;
  readonly rate: number;
  readonly gifts: number;
  readonly claps: number;
  readonly votes: number;
  readonly switch: number;
  readonly churn: number;
  readonly storm?: number;
  readonly slowReaders: number;
  readonly readAtOnce?: boolean;
  readonly misbehave: number;
  readonly rounds: number;
  readonly participants: number;
  readonly processes: number;
  readonly seed: number;
  readonly engineFlags?: readonly string[];
  readonly engineNodeFlags?: readonly string[];
  readonly generatorNodeFlags?: readonly string[];
  readonly failIf?: readonly Rule[];
  readonly json?: string;
  readonly html?: string;
  readonly quiet?: boolean;
  readonly color: boolean;
}

/** @throws {CliError} when the flags make no sense together, or there is no admin token. */
export async function orderOf(flags: Flags): Promise<Order> {
  const problem = problemOf(flags);
  if (problem !== undefined) throw new CliError(problem, 2);
  const { url } = flags;
  return {
    load: {
      url: url ?? null,
      adminToken: url === undefined ? null : await adminTokenOf(flags),
      viewers: flags.viewers,
      rampSeconds: flags.ramp,
      seconds: flags.seconds,
      rate: flags.rate,
      giftsPerSecond: flags.gifts,
      clapsPerSecond: flags.claps,
      votesShare: flags.votes,
      switchEverySeconds: flags.switch,
      churnPerMinute: flags.churn,
      reconnectStormAtSeconds: flags.storm ?? null,
      slowReaders: flags.slowReaders,
      readAtOnce: flags.readAtOnce ?? false,
      misbehaving: flags.misbehave,
      rounds: flags.rounds,
      participants: flags.participants,
      processes: flags.processes,
      seed: flags.seed,
      engineFlags: flags.engineFlags ?? [],
      engineNodeFlags: flags.engineNodeFlags ?? [],
      generatorNodeFlags: flags.generatorNodeFlags ?? [],
    },
    rules: flags.failIf ?? [],
    jsonPath: flags.json ?? null,
    htmlPath: flags.html ?? null,
    quiet: flags.quiet ?? false,
    color: flags.color,
  };
}

function adminTokenOf({ adminToken }: Flags): Promise<string> {
  return adminTokenFor(adminToken, '--admin-token');
}

function problemOf(flags: Flags): string | undefined {
  const { url, viewers, rounds, storm, seconds } = flags;
  if (url === undefined && flags.adminToken !== undefined) {
    return '--admin-token is of a running engine: name it with --url';
  }
  if (url !== undefined && (flags.engineFlags ?? flags.engineNodeFlags) !== undefined) {
    return 'the engine at --url already runs: it takes no flags from here';
  }
  if (rounds > viewers) return `${rounds} rounds need at least as many viewers, and there are ${viewers}`;
  if (storm !== undefined && storm >= seconds) {
    return `--storm ${storm} comes after the load, which ends at ${seconds} s`;
  }
  if (flags.slowReaders + flags.misbehave > 1) {
    return '--slow-readers and --misbehave are more than all viewers together';
  }
  if (flags.json === '-' && flags.html === '-') {
    return 'only one of --json and --html can go to standard output';
  }
  for (const rule of flags.failIf ?? []) {
    const missing = missingFor(rule, flags);
    if (missing !== undefined) return `the rule ${rule.text} would always fail: ${missing}`;
  }
  return undefined;
}

/** A rule about what is not measured fails; better said before the run than after. */
function missingFor({ needs }: Rule, { gifts, claps, url }: Flags): string | undefined {
  if (needs === 'gifts' && gifts === 0) return 'there are no gifts (--gifts 0)';
  if (needs === 'claps' && claps === 0) return 'there are no claps (--claps 0)';
  if (needs === 'engine' && url !== undefined)
    return 'only of an engine that is started here CPU, memory and pauses are known';
  return undefined;
}
