/**
 * An engine for the time of one run: `src/main.ts` as it is delivered, in a process and a temporary directory of its
 * own, on free ports, with the limits of one address raised (all viewers come from this machine). `stop` removes
 * everything.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { CliError } from '../../src/cli/terminal.ts';
import { EnginePauses, TELL_PAUSES_FLAGS } from './gc/engine-pauses.ts';
import { PAUSES_FD } from './gc/pauses.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const ANNOUNCED = /API +(\S+)\/docs\s+edge +(\S+)/;
const START_WITHIN_MS = 60_000;
/** For saving its rounds; then it is killed. */
const STOP_WITHIN_MS = 15_000;
const OUTPUT_CHARS_KEPT = 20_000;
/** One for each core, as an operator would have it, up to this many. */
const EDGE_THREADS_MAX = 4;

export interface OwnEngine {
  readonly apiUrl: string;
  readonly wsUrl: string;
  readonly adminToken: string;
  readonly pid: number;
  /** Of its threads, for collecting garbage. */
  readonly pauses: EnginePauses;
  /** Resolves when it has ended, with how. */
  readonly ended: Promise<string>;
  /** Warnings and errors it wrote, newest last. */
  output(): string;
  /** False when it had to be killed, or ended with a failure. Idempotent. */
  stop(): Promise<boolean>;
}

export interface OwnEngineOptions {
  /** Connections that have to be possible. */
  readonly connections: number;
  /** Further settings, as flags: `['--edge-threads', '2']`. */
  readonly flags?: readonly string[];
  /** Flags of Node itself: `['--cpu-prof']`. */
  readonly nodeFlags?: readonly string[];
}

type PipedStreams = [input: null, output: Readable, errors: Readable, ...unknown[]];

/** Throws with its output when it does not start. */
export async function startOwnEngine(options: OwnEngineOptions): Promise<OwnEngine> {
  const dataDir = await mkdtemp(join(tmpdir(), 'ringside-load-'));
  const adminToken = randomBytes(24).toString('hex');
  const nodeFlags = [...TELL_PAUSES_FLAGS, ...(options.nodeFlags ?? [])];
  const child = spawn(process.execPath, [...nodeFlags, MAIN, ...flagsFor(options, dataDir)], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    // Ctrl-C in a terminal goes to everybody in it; the engine has to outlive the load.
    detached: true,
    // As the bootstrap runs it, and with nothing else of this shell.
    env: {
      PATH: process.env['PATH'],
      MALLOC_MMAP_THRESHOLD_: process.env['MALLOC_MMAP_THRESHOLD_'],
      RINGSIDE_ADMIN_TOKEN: adminToken,
    },
  });
  const [, stdout, stderr] = child.stdio as PipedStreams;
  const pauses = new EnginePauses();
  pauses.read(child.stdio[PAUSES_FD] as Readable);
  let output = '';
  const exited = once(child, 'exit');
  const leave = (): void => {
    child.kill('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  };
  process.once('exit', leave); // for whoever does not wait for `stop`
  const stopEngine = stopper(child, exited, dataDir);
  const stop = async (): Promise<boolean> => {
    const clean = await stopEngine();
    process.off('exit', leave);
    return clean;
  };
  try {
    const [apiUrl, wsUrl] = await new Promise<readonly [string, string]>((resolve, reject) => {
      const late = setTimeout(
        () => reject(new CliError(`the engine did not start:\n${output}`)),
        START_WITHIN_MS,
      );
      const take = (chunk: Buffer): void => {
        output = (output + chunk.toString()).slice(-OUTPUT_CHARS_KEPT);
        const [, api, ws] = ANNOUNCED.exec(output) ?? [];
        if (api === undefined || ws === undefined) return;
        clearTimeout(late);
        resolve([api, ws]);
      };
      stdout.on('data', take);
      stderr.on('data', take);
      child.once('exit', () => {
        clearTimeout(late);
        reject(new CliError(`the engine ended:\n${output}`));
      });
    });
    return {
      apiUrl,
      wsUrl,
      adminToken,
      pid: child.pid ?? 0,
      pauses,
      ended: exited.then(() => `the engine ended by ${child.signalCode ?? child.exitCode}`),
      output: () => output.replace(/^[\s\S]*Ctrl-C stops it\.\n*/, ''),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function flagsFor({ connections, flags = [] }: OwnEngineOptions, dataDir: string): string[] {
  const connectionsMax = String(Math.max(1_000, connections));
  const settings = {
    '--api-port': '0',
    '--edge-port': '0',
    '--data-dir': dataDir,
    '--max-connections': connectionsMax,
    '--max-connections-per-address': connectionsMax,
    '--dev-faucet-sats-max': '1000000000',
    '--block-interval-ms': '1000',
    '--log-level': 'warn',
    '--edge-threads': String(Math.min(EDGE_THREADS_MAX, availableParallelism())),
  };
  const own = Object.entries(settings).filter(([flag]) => !flags.includes(flag));
  return ['--no-demo', ...own.flat(), ...flags];
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

function stopper(child: ChildProcess, exited: Promise<unknown>, dataDir: string): () => Promise<boolean> {
  let stopped: Promise<boolean> | undefined;
  const stop = async (): Promise<boolean> => {
    const killer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    if (isRunning(child)) {
      child.kill('SIGINT');
      await exited;
    }
    clearTimeout(killer);
    await rm(dataDir, { recursive: true, force: true });
    return child.exitCode === 0;
  };
  return () => (stopped ??= stop());
}
