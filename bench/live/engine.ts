/** An engine in a process of its own, from the side of the bench that started it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startChild } from '../lib/child.ts';
import { processCpuNs, threadCpuNs } from '../lib/thread-cpu.ts';
import type { EngineCalls } from './engine-process.ts';
import type { ProbeAnswers, ProbeQuestion, ThreadKind } from './probe.ts';

const PROBE = new URL('./probe-thread.ts', import.meta.url).href;
/** One edge, one shard, and no limit that many viewers from one address would meet. */
const FLAGS = [
  '--no-demo',
  '--api-port=0',
  '--edge-port=0',
  '--max-connections=100000',
  '--max-connections-per-address=100000',
  '--log-level=error',
];

/** Of the process, by the kernel's books; bytes. Buffers of sockets are the kernel's own and in none of these. */
export interface ResidentMemory {
  /** Its own: heaps, buffers, stacks. */
  readonly anonBytes: number;
  /** Mapped files: programs, and as much of the database as the kernel cares to keep. */
  readonly fileBytes: number;
}

/** Of threads since they started, ms. `rest`: all others of the process (collector, compiler, file system, transaction builders). */
export type CpuMs = Readonly<Record<ThreadKind | 'rest', number>>;

export class LiveEngine {
  readonly calls: Child<EngineCalls>;
  readonly edgePort: number;
  readonly #folder: string;

  static async start(flags: readonly string[] = []): Promise<LiveEngine> {
    const folder = mkdtempSync(join(tmpdir(), 'ringside-bench-'));
    const nodeFlags = ['--expose-gc', '--import', PROBE];
    const script = new URL('./engine-process.ts', import.meta.url);
    const calls = await startChild<EngineCalls>(script, { nodeFlags });
    try {
      const edgePort = await calls.call('start', [...FLAGS, `--data-dir=${folder}`, ...flags]);
      return new LiveEngine(calls, folder, edgePort);
    } catch (error) {
      await calls.stop();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  private constructor(calls: Child<EngineCalls>, folder: string, edgePort: number) {
    this.calls = calls;
    this.#folder = folder;
    this.edgePort = edgePort;
  }

  async probe<Q extends ProbeQuestion>(
    question: Q,
  ): Promise<readonly { readonly kind: ThreadKind; readonly answer: ProbeAnswers[Q] }[]> {
    const answers = await this.calls.call('probe', question);
    return answers as readonly { kind: ThreadKind; answer: ProbeAnswers[Q] }[];
  }

  residentMemory(): ResidentMemory {
    const status = readFileSync(`/proc/${this.calls.pid}/status`, 'utf8');
    const bytesOf = (field: string): number =>
      Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? NaN) * 1024;
    return { anonBytes: bytesOf('RssAnon'), fileBytes: bytesOf('RssFile') + bytesOf('RssShmem') };
  }

  async cpuMs(): Promise<CpuMs> {
    const { pid } = this.calls;
    const cpu = { main: 0, shard: 0, edge: 0, writer: 0, rest: 0 };
    const all = processCpuNs(pid);
    let known = 0;
    for (const { kind, answer: threadId } of await this.probe('threadId')) {
      const ns = threadCpuNs(pid, threadId);
      cpu[kind] += ns / 1e6;
      known += ns;
    }
    return { ...cpu, rest: (all - known) / 1e6 };
  }

  async stop(): Promise<void> {
    await this.calls.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
