/** A load test that never ran, for tests of what shows one: 500 viewers, five seconds of ramp, twenty of load, drain. */
import type { Latency, RunResult, Sample } from '../../run-result.ts';

const RAMP = 5;
const LOAD = 20;
const DRAIN = 2;
const VIEWERS = 500;

export function exampleLatency(scaleMs: number, count = 400): Latency {
  return {
    count,
    meanMs: scaleMs * 1.2,
    p50Ms: scaleMs,
    p90Ms: scaleMs * 2,
    p99Ms: scaleMs * 4,
    p999Ms: scaleMs * 7,
    maxMs: scaleMs * 9,
  };
}

/** Waves instead of chance, so that pictures and tests see the same each time. */
function sampleAt(second: number): Sample {
  const phase = second <= RAMP ? 'ramp' : second <= RAMP + LOAD ? 'load' : 'drain';
  const connected = phase === 'ramp' ? (VIEWERS * second) / RAMP : phase === 'load' ? VIEWERS : 0;
  const wave = Math.sin(second / 2);
  return {
    atMs: second * 1_000,
    phase,
    connected,
    paymentsPerSecond: Math.round(connected * (0.98 + wave / 50)),
    deliveriesPerSecond: Math.round(connected * (24 + wave * 2)),
    errors: second === 14 ? 3 : 0,
    gift: connected === 0 ? null : { p50Ms: 4 + wave, p99Ms: 16 + wave * 6, maxMs: 40 + wave * 20 },
    engineCores: phase === 'drain' ? 0.1 : 0.2 + connected / 1_000 + wave / 30,
    generatorCores: phase === 'drain' ? 0.05 : 0.1 + connected / 1_400 + wave / 40,
    engineBytes: 180 * 1_048_576 + second * 400_000,
    gcLongestMs: phase === 'drain' ? 0 : 3 + wave * 2,
    generatorLagMs: 1.5 + wave,
    payEveryMs: second > 18 ? 2_000 : 1_000,
  };
}

export function exampleResult(changes: Partial<RunResult> = {}): RunResult {
  return {
    startedAt: '2026-01-02T03:04:05.000Z',
    commit: '1a2b3c4d5e6f',
    machine: { cpu: 'Example CPU @ 3.00GHz', cores: 2, node: 'v22.20.0' },
    options: { viewers: VIEWERS, rampSeconds: RAMP, seconds: LOAD, rounds: 2, churn: 0.1, slowReaders: 0 },
    totals: {
      connections: 512,
      reconnects: 12,
      words: 9_960,
      gifts: 400,
      claps: 800,
      votes: 350,
      switches: 41,
      deliveries: 240_112,
      deliveredBytes: 31_457_280,
      errors: { RATE_LIMITED: 2, 'close 4001': 1 },
      provoked: { BAD_WORD: 9, BAD_FRAME: 4 },
    },
    latency: {
      gift: exampleLatency(4),
      giftAck: exampleLatency(9),
      clap: exampleLatency(22, 800),
      join: null,
    },
    samples: Array.from({ length: RAMP + LOAD + DRAIN }, (_, index) => sampleAt(index + 1)),
    gc: [
      {
        thread: 'edge-0',
        count: 210,
        totalMs: 324,
        longestMs: 5.2,
        kinds: {
          scavenge: { count: 206, totalMs: 310, longestMs: 4.1 },
          markCompact: { count: 4, totalMs: 14, longestMs: 5.2 },
        },
      },
      {
        thread: 'main',
        count: 3,
        totalMs: 2.7,
        longestMs: 1.1,
        kinds: { scavenge: { count: 3, totalMs: 2.7, longestMs: 1.1 } },
      },
    ],
    money: { rounds: [exampleRound('load-1', 12_480), exampleRound('load-2', 11_020)], ok: true },
    invalid: [],
    thresholds: [],
    ...changes,
  };
}

type ProvenRound = NonNullable<RunResult['money']>['rounds'][number];

export function exampleRound(roundId: string, sats: number, changes: Partial<ProvenRound> = {}): ProvenRound {
  return {
    roundId,
    revealedSats: sats,
    acknowledgedSats: sats,
    receiptSats: sats,
    dividedSats: sats,
    streams: 250,
    differences: [],
    receipt: 'ok',
    ...changes,
  };
}
