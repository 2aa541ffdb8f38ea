/**
 * The engine as it is delivered (`startEngine`) in a process of its own, for a bench that calls it (engine.ts): what
 * an operator would do over HTTP, and what only a drill does. probe-thread.ts is preloaded. It learns of the
 * engine's threads by standing in for the Worker class before the engine is imported.
 */
import { syncBuiltinESMExports } from 'node:module';
import threads, { type WorkerOptions, Worker, postMessageToThread } from 'node:worker_threads';
import { monotonicMs } from '../../loadtest/generator/monotonic.ts';
import type { AccountId } from '../../src/core/ids.ts';
import type { Engine } from '../../src/engine.ts';
import type { RoundTerms } from '../../src/round/terms.ts';
import { serveParent } from '../lib/child.ts';
import type { ProbeQuestion, ProbeReply, ThreadKind } from './probe.ts';
import { probeHere } from './probe-thread.ts';

export interface EngineCalls {
  /** Flags of `npm start`; the port of the edge. */
  start(flags: readonly string[]): Promise<number>;
  fund(accounts: readonly { readonly account: AccountId; readonly sats: number }[]): Promise<void>;
  createRounds(terms: readonly RoundTerms[]): Promise<void>;
  /** Of every thread, one after the other. */
  probe(question: ProbeQuestion): Promise<readonly { kind: ThreadKind; answer: unknown }[]>;
  /** Of the first thread of that kind. */
  probeOne(input: { readonly kind: ThreadKind; readonly question: ProbeQuestion }): Promise<unknown>;
  /** When the thread was told to fail, by the clock that all processes of a machine share. */
  crash(kind: 'shard' | 'edge'): number;
}

/** Threads that build transactions are not asked: between two jobs they sleep where no message wakes them. */
const KINDS: Readonly<Record<string, ThreadKind>> = {
  'shard-thread.ts': 'shard',
  'edge-thread.ts': 'edge',
  'writer-thread.ts': 'writer',
};
/** Funded at a time: the store commits together what comes together. */
const FUNDING_AT_ONCE = 500;
const ROUNDS_AT_ONCE = 50;

const running = new Map<number, { readonly kind: ThreadKind; readonly worker: Worker }>();
const asked = new Map<number, (answer: unknown) => void>();
let lastNo = 0;
let engine: Engine | null = null;

class KnownWorker extends Worker {
  constructor(entry: string | URL, options: WorkerOptions = {}) {
    super(entry, options);
    const { threadId } = this;
    const kind = KINDS[String(entry).split('/').at(-1) ?? ''];
    if (kind === undefined) return;
    running.set(threadId, { kind, worker: this });
    this.on('exit', () => running.delete(threadId));
  }
}

async function probeThread(threadId: number, question: ProbeQuestion): Promise<unknown> {
  const no = ++lastNo;
  const answer = new Promise((resolve) => asked.set(no, resolve));
  await postMessageToThread(threadId, { probe: question, no });
  return await answer;
}

process.on('workerMessage', ({ no, answer }: ProbeReply) => {
  asked.get(no)?.(answer);
  asked.delete(no);
});

function started(): Engine {
  if (engine === null) throw new Error('the engine is not started');
  return engine;
}

function firstOf(kind: ThreadKind): [number, Worker] {
  for (const [threadId, known] of running) if (known.kind === kind) return [threadId, known.worker];
  throw new Error(`there is no ${kind} thread`);
}

serveParent<EngineCalls>(
  {
    async start(flags) {
      threads.Worker = KnownWorker;
      syncBuiltinESMExports();
      const { startEngine } = await import('../../src/engine.ts');
      const { loadConfig } = await import('../../src/config.ts');
      engine = await startEngine(loadConfig({}, flags), { page: false });
      return engine.supervisor.edgePort ?? 0;
    },
    async fund(accounts) {
      const { control } = started();
      for (let at = 0; at < accounts.length; at += FUNDING_AT_ONCE) {
        const some = accounts.slice(at, at + FUNDING_AT_ONCE);
        const funded = some.map((each) => control.fundDevAccount({ ...each, key: 'bench' }));
        for (const { ok } of await Promise.all(funded)) if (!ok) throw new Error('not funded');
      }
    },
    async createRounds(allTerms) {
      const { control } = started();
      for (let at = 0; at < allTerms.length; at += ROUNDS_AT_ONCE) {
        const some = allTerms.slice(at, at + ROUNDS_AT_ONCE).map((terms) => control.createRound(terms));
        for (const created of await Promise.all(some)) if (!created.ok) throw new Error(created.code);
      }
    },
    async probe(question) {
      const answers: { kind: ThreadKind; answer: unknown }[] = [
        { kind: 'main', answer: await probeHere(question) },
      ];
      for (const [threadId, { kind }] of running) {
        answers.push({ kind, answer: await probeThread(threadId, question) });
      }
      return answers;
    },
    async probeOne({ kind, question }) {
      return kind === 'main' ? await probeHere(question) : await probeThread(firstOf(kind)[0], question);
    },
    /** As a failed assertion does it; an edge gets a link without a port, a TypeError where it is used. */
    crash(kind) {
      const [, worker] = firstOf(kind);
      const atMs = monotonicMs();
      worker.postMessage(kind === 'shard' ? { kind: 'crash' } : { kind: 'link' }, []);
      return atMs;
    },
  },
  () => engine?.stop(),
);
