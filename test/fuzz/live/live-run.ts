/** An engine, honest viewers in a quiet time, then the attackers beside them, and what all of them say afterwards. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Api } from '../../../src/client/api.ts';
import { MemoryWatch, type MemoryReport } from '../memory.ts';
import { type AttackOptions, type AttackReport, type LiveTarget, attack } from './attack.ts';
import { FuzzedEngine } from './engine.ts';
import { type HonestReport, HonestViewers } from './honest.ts';

/** Heaps of five threads come and go as they like; what grows without end grows further in a minute of attack. */
const ENGINE_BOUNDS = { heapMiBMax: 0, rssMiBMax: 96 };
const SAMPLE_MS = 500;
/** Of the time there is: for comparison, and for what the attackers left behind to be cleared. */
const QUIET_SHARE = 0.25;
const AFTER_MS = 1_500;
const ROUND_SECONDS = 3_600;

export interface LiveRun {
  readonly attack: AttackReport;
  readonly attackSeconds: number;
  readonly honest: HonestReport;
  readonly engineMemory: MemoryReport;
  readonly troubles: readonly string[];
}

export async function runLive(
  targets: readonly LiveTarget[],
  seconds: number,
  seed: number,
): Promise<LiveRun> {
  const engine = await FuzzedEngine.start();
  try {
    const roundId = await openRound(engine);
    const honest = await HonestViewers.start(engine.reach, roundId as never);
    await sleep(seconds * 1_000 * QUIET_SHARE);
    honest.enter('attacked');
    const ms = seconds * 1_000 * (1 - QUIET_SHARE);
    const memory = new MemoryWatch(ENGINE_BOUNDS);
    const sampling = setInterval(() => memory.add({ heapMiB: 0, rssMiB: engine.rssMiB() }), SAMPLE_MS);
    const report = await onThread({ reach: engine.reach, roundId, seed, targets, ms });
    clearInterval(sampling);
    await sleep(AFTER_MS);
    const outcome = await honest.finish();
    const health = await fetch(`${engine.reach.apiUrl}/v1/health`);
    if (!health.ok) engine.troubles.push(`health is ${health.status} after the attack`);
    await engine.stop();
    return {
      attack: report,
      attackSeconds: ms / 1_000,
      honest: outcome,
      engineMemory: memory.report(),
      troubles: engine.troubles,
    };
  } finally {
    await engine.stop();
  }
}

/** One session or call again, with its transcript. */
export async function replayLive(target: LiveTarget, replay: number): Promise<AttackReport> {
  const engine = await FuzzedEngine.start();
  try {
    const roundId = await openRound(engine);
    return await attack({ reach: engine.reach, roundId, seed: 0, targets: [target], ms: 60_000, replay });
  } finally {
    await engine.stop();
  }
}

async function openRound(engine: FuzzedEngine): Promise<string> {
  const { apiUrl, adminToken } = engine.reach;
  const created = await new Api({ baseUrl: apiUrl, adminToken }).createRound({
    title: 'Under attack',
    participants: [
      { name: 'Left', account: '11'.repeat(20) },
      { name: 'Right', account: '22'.repeat(20) },
    ],
    durationSeconds: ROUND_SECONDS,
    startsInSeconds: 0,
  });
  if (!created.ok) throw new Error(created.message);
  return created.data.terms.roundId;
}

async function onThread(options: AttackOptions): Promise<AttackReport> {
  const worker = new Worker(new URL('./attack-thread.ts', import.meta.url), { workerData: options });
  const [report] = (await once(worker, 'message')) as [AttackReport];
  await worker.terminate();
  return report;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}
