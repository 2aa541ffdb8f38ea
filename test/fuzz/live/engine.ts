/** An engine as it is delivered, in a process of its own, watched from outside: memory, log, and whether it lives. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../engine/harness.ts';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const READY = 'Ctrl-C stops it';
const STOP_MS_MAX = 20_000;
/** Whoever attacks from one address is many here; calls are not what is looked at. */
const FLAGS = [
  '--api-reads-per-minute=1000000',
  '--api-writes-per-minute=1000000',
  '--block-interval-ms=500',
  '--log-level=warn',
];

export interface Reach {
  readonly apiUrl: string;
  readonly adminToken: string;
  readonly edgePort: number;
  readonly wsUrl: string;
}

export class FuzzedEngine {
  readonly reach: Reach;
  /** Lines that say that something failed which no viewer should be able to cause. */
  readonly troubles: string[] = [];
  readonly #child: ChildProcess;
  readonly #folder: string;
  #stopping = false;

  private constructor(child: ChildProcess, folder: string, reach: Reach) {
    this.#child = child;
    this.#folder = folder;
    this.reach = reach;
    child.on('exit', (code, signal) => {
      if (!this.#stopping) this.troubles.push(`the engine ended: code ${code}, signal ${signal}`);
    });
  }

  static async start(): Promise<FuzzedEngine> {
    const folder = mkdtempSync(join(tmpdir(), 'ringside-fuzz-'));
    const [apiPort, edgePort] = [await freePort(), await freePort()];
    const args = [
      '--no-demo',
      '--api-port',
      apiPort,
      '--edge-port',
      edgePort,
      '--data-dir',
      folder,
      ...FLAGS,
    ];
    const child = spawn(process.execPath, [MAIN, ...args.map(String)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] },
    });
    const log: string[] = [];
    child.stderr?.on('data', (chunk: Buffer) => log.push(...String(chunk).trim().split('\n')));
    await untilReady(child, log);
    const engine = new FuzzedEngine(child, folder, {
      apiUrl: `http://127.0.0.1:${apiPort}`,
      adminToken: readFileSync(join(folder, 'admin-token'), 'utf8').trim(),
      edgePort,
      wsUrl: `ws://127.0.0.1:${edgePort}/v1/ws`,
    });
    child.stderr?.on('data', (chunk: Buffer) => engine.#read(String(chunk)));
    return engine;
  }

  /** Resident memory of the process; 0 when it is gone. */
  rssMiB(): number {
    try {
      const status = readFileSync(`/proc/${this.#child.pid ?? 0}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
    } catch {
      return 0;
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      const late = setTimeout(() => {
        this.troubles.push('the engine did not stop when it was asked to');
        this.#child.kill('SIGKILL');
      }, STOP_MS_MAX);
      await exited;
      clearTimeout(late);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #read(chunk: string): void {
    for (const line of chunk.trim().split('\n')) {
      const isTrouble = /"level":"error"|thread ended|AssertionFailure|uncaught/i.test(line);
      if (isTrouble && this.troubles.length < 20) this.troubles.push(line.slice(0, 1_500));
    }
  }
}

async function untilReady(child: ChildProcess, log: readonly string[]): Promise<void> {
  let output = '';
  for await (const chunk of child.stdout ?? []) {
    output += String(chunk);
    if (output.includes(READY)) {
      child.stdout?.resume();
      return;
    }
  }
  throw new Error(`the engine did not start: ${output} ${log.join('\n')}`);
}
