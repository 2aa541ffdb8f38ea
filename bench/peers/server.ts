/** A server under test, in a process of its own: whichever it is, it is measured the same way. */
import { readFileSync } from 'node:fs';
import type { AccountId } from '../../src/core/ids.ts';
import { startChild } from '../lib/child.ts';
import { processCpuNs } from '../lib/thread-cpu.ts';
import { LiveEngine } from '../live/engine.ts';
import { benchRounds } from '../live/terms.ts';
import type { SystemName, Target } from './scenario.ts';

export interface Server {
  readonly pid: number;
  readonly target: Target;
  /** Gives money to those who need it to join. */
  fund(accounts: readonly AccountId[]): Promise<void>;
  /** A full collection in every thread of it. */
  collect(): Promise<void>;
  /** CPU time so far by what spent it, ms; empty where there is one thread to speak of. */
  cpuByThread(): Promise<Readonly<Record<string, number>>>;
  stop(): Promise<void>;
}

/** Calls that the files of servers/ answer. */
interface PeerServerCalls {
  listen(): Promise<number>;
  collect(): void;
}

const HOST = '127.0.0.1';
const FUNDS_SATS = 50_000;

export async function startServer(system: SystemName): Promise<Server> {
  return system === 'ringside' ? await startRingside() : await startPeer(system);
}

/** One edge thread, one shard thread, LMDB: the engine as it is delivered, with nothing left out. */
async function startRingside(): Promise<Server> {
  const engine = await LiveEngine.start();
  await engine.calls.call('createRounds', benchRounds(1));
  return {
    pid: engine.calls.pid,
    target: { host: HOST, port: engine.edgePort },
    fund: async (accounts) => {
      await engine.calls.call(
        'fund',
        accounts.map((account) => ({ account, sats: FUNDS_SATS })),
      );
    },
    async collect() {
      await engine.probe('memory');
    },
    cpuByThread: async () => await engine.cpuMs(),
    stop: async () => await engine.stop(),
  };
}

async function startPeer(system: Exclude<SystemName, 'ringside'>): Promise<Server> {
  const script = new URL(`./servers/${system}.mjs`, import.meta.url);
  const child = await startChild<PeerServerCalls>(script, { nodeFlags: ['--expose-gc'] });
  return {
    pid: child.pid,
    target: { host: HOST, port: await child.call('listen') },
    fund: async () => undefined,
    collect: async () => await child.call('collect'),
    cpuByThread: async () => ({}),
    stop: async () => await child.kill(), // it keeps nothing that could be lost
  };
}

export function serverCpuMs({ pid }: Server): number {
  return processCpuNs(pid) / 1e6;
}

/** Resident set of the process. Buffers of sockets are the kernel's own and not in it, for none of the systems. */
export function residentBytes({ pid }: Server): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}
