/** One run: an engine under load, its kills, the wait until everything is settled, and the evidence. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Prng } from '../../src/core/prng.ts';
import { freePort } from '../engine/harness.ts';
import type { Evidence } from './evidence.ts';
import { evidenceOf } from './evidence-of.ts';
import { FrameLog } from './frame-log.ts';
import { Killer } from './killer.ts';
import { Lane } from './lane.ts';
import { Office } from './office.ts';
import { PaymentWatch, PhaseWatch } from './signals.ts';

/** Viewers and seconds of a round, by lane. The first has long rounds, which live through many kills. */
const LANES = [
  { viewers: 10, seconds: { min: 30, max: 60 } },
  { viewers: 10, seconds: { min: 6, max: 16 } },
  { viewers: 10, seconds: { min: 5, max: 12 } },
];
const STOP_WITHIN_MS = 45_000;
const FLAGS = ['--block-interval-ms', '300', '--log-level', 'warn', '--ack-interval-ms', '1000'];

export interface RunOptions {
  readonly kills: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

export interface Run {
  readonly evidence: Evidence;
  readonly killer: Killer;
  readonly roundsSettled: number;
  readonly roundsCancelled: number;
  /** Errors that viewers were told, by code. */
  readonly refusals: Record<string, number>;
  readonly frames: number;
}

export async function run(options: RunOptions): Promise<Run> {
  const dataDir = mkdtempSync(join(tmpdir(), 'ringside-crash-'));
  const [apiPort, edgePort] = [await freePort(), await freePort()];
  const payments = new PaymentWatch();
  const phases = new PhaseWatch();
  const log = new FrameLog((sentAtMs) => payments.durable(sentAtMs));
  const random = new Prng(options.seed);
  const killer = new Killer({
    engine: { dataDir, apiPort, edgePort, flags: FLAGS },
    random: new Prng(random.u32()),
    payments,
    phases,
    say: options.say,
  });
  const lanes: Lane[] = [];
  try {
    await killer.start();
    const adminToken = readFileSync(join(dataDir, 'admin-token'), 'utf8').trim();
    const office = new Office(`http://127.0.0.1:${apiPort}`, adminToken);
    for (const { viewers, seconds } of LANES) {
      lanes.push(
        new Lane({
          office,
          log,
          wsUrl: `ws://127.0.0.1:${edgePort}/v1/ws`,
          viewers,
          seconds,
          random: new Prng(random.u32()),
          onPhase: (phase) => phases.reached(phase),
        }),
      );
    }
    const playing = Promise.all(lanes.map((lane) => lane.play()));
    await Promise.race([killer.run(options.kills), playing]);
    for (const lane of lanes) lane.finish();
    await playing;
    options.say('no more kills: waiting until every round is settled');
    const evidence = await evidenceOf({ office, log, dataDir, stop: () => killer.stop(STOP_WITHIN_MS) });
    const ended = (last: string): number => evidence.rounds.filter(({ phase }) => phase === last).length;
    const refusals: Record<string, number> = {};
    for (const { errors } of lanes) {
      for (const [code, times] of Object.entries(errors)) refusals[code] = (refusals[code] ?? 0) + times;
    }
    return {
      evidence,
      killer,
      roundsSettled: ended('settled'),
      roundsCancelled: ended('cancelled'),
      refusals,
      frames: log.frames,
    };
  } finally {
    for (const lane of lanes) lane.close();
    await killer.end();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
