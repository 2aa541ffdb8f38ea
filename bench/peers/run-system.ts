/** One run: one system, all of the scenario, once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { assert } from '../../src/core/assert.ts';
import { type Child, startChild } from '../lib/child.ts';
import { median, quantile } from '../lib/statistics.ts';
import type { CrowdCalls } from './crowd-process.ts';
import type { GiverCalls } from './giver-process.ts';
import { type Placement, placeApart } from './pin.ts';
import { LOST_AFTER_MS, type Size, type SystemName } from './scenario.ts';
import { type Server, residentBytes, serverCpuMs, startServer } from './server.ts';

export interface Measured {
  /** CPU time of the server process, all its threads, for each message that a viewer got. */
  readonly cpuUsPerDelivery: number;
  /** The same for each viewer and second: what carrying a viewer through the scenario costs. */
  readonly cpuUsPerViewerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Resident bytes that a viewer adds. */
  readonly bytesPerConnection: number;
  readonly deliveriesPerSecond: number;
  readonly statesPerViewerSecond: number;
  readonly bytesPerDelivery: number;
  readonly serverCores: number;
  readonly crowdCores: number;
  readonly crowdLagP99Ms: number;
  /** Of the process that times the events. */
  readonly giverLagP99Ms: number;
  readonly lostEvents: number;
  /** Share of the server's CPU time by thread; empty where one thread does everything. */
  readonly cpuShares: Readonly<Record<string, number>>;
  readonly placement: Placement;
}

const SETTLE_MS = 2_000;
const SAMPLE_EVERY_MS = 250;
const COLLECTIONS_BEFORE = 4;

export async function runSystem(system: SystemName, size: Size): Promise<Measured> {
  const server = await startServer(system);
  const giver = await startChild<GiverCalls>(new URL('./giver-process.ts', import.meta.url));
  const crowd = await startChild<CrowdCalls>(new URL('./crowd-process.ts', import.meta.url));
  try {
    const placement = placeApart(server.pid, [giver.pid, crowd.pid]);
    return { ...(await play(server, { giver, crowd, system, size })), placement };
  } finally {
    await Promise.all([giver.kill(), crowd.kill()]);
    await server.stop();
  }
}

interface Cast {
  readonly giver: Child<GiverCalls>;
  readonly crowd: Child<CrowdCalls>;
  readonly system: SystemName;
  readonly size: Size;
}

async function play(server: Server, cast: Cast): Promise<Omit<Measured, 'placement'>> {
  const { giver, crowd, system, size } = cast;
  const bytesPerConnection = await join(server, cast);
  await giver.call('joinLast', server.target);
  await crowd.call('startPaying');
  await sleep(size.warmUpMs);

  await Promise.all([crowd.call('lag'), giver.call('lag')]); // from now on
  const sharesBefore = await server.cpuByThread();
  const before = { ...(await crowd.call('read')), serverCpuMs: serverCpuMs(server), atMs: performance.now() };
  await giver.call('beginMeasuring');
  await sleep(size.measureMs);
  const after = { ...(await crowd.call('read')), serverCpuMs: serverCpuMs(server), atMs: performance.now() };
  const sharesAfter = await server.cpuByThread();
  const crowdLag = await crowd.call('lag');
  const giverLag = await giver.call('lag');
  const { latenciesMs, lost } = await giver.call('endMeasuring');
  await closeBooks(system, cast);

  const seconds = (after.atMs - before.atMs) / 1_000;
  const cpuMs = after.serverCpuMs - before.serverCpuMs;
  const states = after.received.states - before.received.states;
  const events = after.received.events - before.received.events;
  const deliveries = states + events + after.received.others - before.received.others;
  return {
    cpuUsPerDelivery: (cpuMs * 1_000) / deliveries,
    cpuUsPerViewerSecond: (cpuMs * 1_000) / size.viewers / seconds,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    bytesPerConnection,
    deliveriesPerSecond: deliveries / seconds,
    statesPerViewerSecond: states / size.viewers / seconds,
    bytesPerDelivery: (after.received.bytes - before.received.bytes) / deliveries,
    serverCores: cpuMs / 1_000 / seconds,
    crowdCores: (after.cpuMs - before.cpuMs) / 1_000 / seconds,
    crowdLagP99Ms: crowdLag.p99Ms,
    giverLagP99Ms: giverLag.p99Ms,
    lostEvents: lost,
    cpuShares: sharesOf(sharesBefore, sharesAfter),
  };
}

/**
 * Everybody joins; what each of the crowd added to the server's memory. The giver is at work before, so that the code is
 * warm and the heap has its size when the first of the crowd comes.
 */
async function join(server: Server, { giver, crowd, system, size }: Cast): Promise<number> {
  await server.fund(await giver.call('prepare', system));
  await server.fund(await crowd.call('prepare', { system, viewers: size.viewers }));
  await giver.call('join', server.target);
  await giver.call('startGiving');
  await sleep(SETTLE_MS);
  const beforeBytes = await memoryOf(server, size.memorySamples);
  await crowd.call('join', server.target);
  await sleep(SETTLE_MS);
  return ((await memoryOf(server, size.memorySamples)) - beforeBytes) / size.viewers;
}

/** Bytes that are resident once collections give nothing back any more, which takes some. */
async function memoryOf(server: Server, samples: number): Promise<number> {
  const bytes: number[] = [];
  for (let sample = -COLLECTIONS_BEFORE; sample < samples; sample++) {
    await server.collect();
    await sleep(SAMPLE_EVERY_MS);
    if (sample >= 0) bytes.push(residentBytes(server));
  }
  return median(bytes);
}

/** What the system's own client shows at the end is what was sent, to the sat: nothing was lost, and nothing made up. */
async function closeBooks(system: SystemName, { giver, crowd }: Cast): Promise<void> {
  const paid = await crowd.call('stopPaying');
  await sleep(SAMPLE_EVERY_MS); // what is under way is in the state that the last gift causes
  const sent = paid + (await giver.call('stopGiving'));
  const deadlineMs = performance.now() + LOST_AFTER_MS;
  let shown = await giver.call('shownSats');
  while (shown !== sent && performance.now() < deadlineMs) {
    await sleep(SAMPLE_EVERY_MS);
    shown = await giver.call('shownSats');
  }
  assert(shown === sent, `${system}: ${sent} sats were sent, and ${shown} are shown`);
}

function sharesOf(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Record<string, number> {
  const spent = Object.entries(after).map(([name, ms]) => [name, ms - (before[name] ?? 0)] as const);
  const sum = spent.reduce((total, [, ms]) => total + ms, 0);
  return Object.fromEntries(spent.map(([name, ms]) => [name, ms / sum]));
}
