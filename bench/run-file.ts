/** The file of a run: what `--json` writes and `--compare` reads. */
import { readFileSync, writeFileSync } from 'node:fs';
import { isHeld, ratioOf } from './judge.ts';
import { type Machine, describeCommit, describeMachine, describeVersions } from './lib/machine.ts';
import type { BenchContext, BenchResult } from './report.ts';

export interface JudgedResult extends BenchResult {
  /** Ours over the base, the median of the repeats; null where there is no base. */
  readonly ratio: number | null;
  /** Null where there is no bar. */
  readonly held: boolean | null;
}

export interface BenchRun {
  readonly ringside: 'bench';
  /** With '+' behind it when files were changed since. */
  readonly commit: string;
  readonly startedAt: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly repeats: number;
  /** Figures of a quick run show that it works, nothing else. */
  readonly quick: boolean;
  readonly results: readonly JudgedResult[];
  /** Benches that did not come to an end, with why. */
  readonly failed: Readonly<Record<string, string>>;
}

export function newRun({ repeats, quick }: Pick<BenchContext, 'repeats' | 'quick'>): BenchRun {
  return {
    ringside: 'bench',
    commit: describeCommit(),
    startedAt: new Date().toISOString(),
    machine: describeMachine(),
    versions: describeVersions(),
    repeats,
    quick,
    results: [],
    failed: {},
  };
}

export function judged(result: BenchResult): JudgedResult {
  return { ...result, ratio: ratioOf(result), held: isHeld(result) };
}

export function writeRun(path: string, run: BenchRun): void {
  writeFileSync(path, `${JSON.stringify(run, undefined, 1)}\n`);
}

/** @throws {Error} with a message for the person, when there is no such file or it is something else. */
export function readRun(path: string): BenchRun {
  const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (typeof value !== 'object' || value === null || !('ringside' in value) || value.ringside !== 'bench') {
    throw new Error(`${path} is no file of a bench`);
  }
  return value as BenchRun;
}
