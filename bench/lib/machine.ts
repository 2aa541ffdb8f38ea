/** On what a bench ran, for the report: figures of two machines are not compared in silence. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

export interface Machine {
  /** For file names of baselines: the CPU and its cores, 'amd-epyc-2'. */
  readonly name: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  /** Of the last minute, when the run began: above a few tenths, something else was running. */
  readonly loadAverage: number;
}

const root = new URL('../../', import.meta.url);
/** Whose versions move the figures. */
const PACKAGES = ['uWebSockets.js', 'lmdb', 'msgpackr', 'secp256k1', 'piscina', '@bsv/sdk', 'tinybench'];

export function describeMachine(): Machine {
  const cpu = cpus()[0]?.model.trim() ?? 'unknown';
  const cores = availableParallelism();
  return {
    name: `${cpu} ${cores}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'),
    cpu,
    cores,
    memoryBytes: totalmem(),
    kernel: release(),
    loadAverage: loadavg()[0] ?? 0,
  };
}

export function describeVersions(): Record<string, string> {
  const versions: Record<string, string> = { node: process.versions.node, v8: process.versions.v8 };
  for (const name of PACKAGES) {
    const text = readFileSync(new URL(`node_modules/${name}/package.json`, root), 'utf8');
    versions[name] = (JSON.parse(text) as { readonly version: string }).version;
  }
  return versions;
}

/** Short hash of what is checked out; '+' behind it when files were changed since; 'unknown' outside of git. */
export function describeCommit(): string {
  try {
    const hash = git('rev-parse', '--short=12', 'HEAD');
    return git('status', '--porcelain', '--untracked-files=no') === '' ? hash : `${hash}+`;
  } catch {
    return 'unknown'; // an unpacked archive is a legal place to measure in
  }
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}
