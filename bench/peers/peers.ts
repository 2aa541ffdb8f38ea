/**
 * The same scenario on Ringside, on Colyseus with its uWebSockets.js transport, and on Socket.IO with uWebSockets.js:
 * viewers who send one message a second each, a state at 10 Hz, and an event every 100 ms that everybody gets.
 *
 * What is the same: the machine and where the processes run on it, one round for everybody, the viewers (raw clients on
 * the same WebSocket), when they send, that the state of two participants and the event reach all of them, and the
 * uWebSockets.js underneath. The peers' servers are configured as their documentation says; each file in servers/
 * names the pages.
 *
 * What is not, because it is what the systems are:
 *   - A message of Ringside is a payment. Its server hashes the word, checks it against time and the hold, books it,
 *     stores it, and acknowledges it once it is on disk (edge, shard and store threads; all their CPU time counts). The
 *     peers add a number to a level in memory, and acknowledge nothing.
 *   - Ringside sends a frame when something happens, so here at 10 Hz, and the event is in it; with a gift comes the list
 *     of the ten highest supporters, which the peers do not keep. The peers send a state and an event, two messages.
 *     So CPU time per delivery divides by about half as many deliveries for Ringside; CPU time per viewer and
 *     second has the same divisor for all.
 */
import { interleave } from '../lib/interleave.ts';
import { median } from '../lib/statistics.ts';
import type { Bench, BenchContext, BenchResult } from '../report.ts';
import { peerPackages } from './install.ts';
import { type Measured, runSystem } from './run-system.ts';
import { SYSTEMS, type Size, type SystemName } from './scenario.ts';

type Peer = Exclude<SystemName, 'ringside'>;
type Runs = Readonly<Record<SystemName, readonly Measured[]>>;

interface Measure {
  readonly name: string;
  readonly what: string;
  readonly unit: string;
  readonly of: (run: Measured) => number;
}

const PEERS: Readonly<Record<Peer, { readonly row: string; readonly title: string; readonly from: string }>> =
  {
    colyseus: { row: 'colyseus', title: 'Colyseus', from: '@colyseus/core' },
    'socket-io': { row: 'socket.io', title: 'Socket.IO', from: 'socket.io' },
  };

/** The first has the plain names; rows of the others end with how many viewers there were. */
const SIZES: readonly Size[] = [1_000, 3_000].map((viewers) => ({
  viewers,
  warmUpMs: 3_000,
  measureMs: 15_000,
  memorySamples: 5,
}));
const QUICK: readonly Size[] = [{ viewers: 100, warmUpMs: 1_000, measureMs: 2_000, memorySamples: 1 }];

const MEASURES: readonly Measure[] = [
  {
    name: 'cpu-per-delivery',
    what: 'CPU time of the server process, all its threads, over the messages that viewers got; Ringside has state and event in one message, and books payments',
    unit: 'µs/delivery',
    of: (run) => run.cpuUsPerDelivery,
  },
  {
    name: 'cpu-per-viewer',
    what: 'CPU time of the server process, all its threads, for each viewer and second of the scenario; Ringside books payments in it',
    unit: 'µs/viewer-second',
    of: (run) => run.cpuUsPerViewerSecond,
  },
  {
    name: 'p50-latency',
    what: "an event, from when it was due until the system's own client of another viewer has it; the median",
    unit: 'ms',
    of: (run) => run.p50Ms,
  },
  {
    name: 'p99-latency',
    what: "an event, from when it was due until the system's own client of another viewer has it; 99 of 100 were faster",
    unit: 'ms',
    of: (run) => run.p99Ms,
  },
  {
    name: 'bytes-per-connection',
    what: 'resident memory that each viewer adds to the server process, joined and before its first message, after collections',
    unit: 'bytes/viewer',
    of: (run) => run.bytesPerConnection,
  },
];

/** Above any of these, the load may have been what was slow. */
const CROWD_CORES_MAX = 0.85;
const CROWD_LAG_MS_MAX = 50;
const GIVER_LAG_MS_MAX = 10;
/** Of ten. A server with fewer has dropped work, and its CPU time is not that of the scenario. */
const STATES_MIN = 9;

export const peers: Bench = {
  name: 'peers',
  what: 'the same scenario on Ringside, Colyseus and Socket.IO: CPU time, latency, memory',
  async run(context) {
    const versions = peerPackages(context.say);
    const results: BenchResult[] = [];
    for (const size of context.quick ? QUICK : SIZES) {
      const runs = await runAll(size, context);
      const suffix = size === SIZES[0] || context.quick ? '' : `-${size.viewers}`;
      for (const peer of Object.keys(PEERS) as Peer[])
        results.push(...rowsOf(peer, { runs, size, suffix, versions }));
    }
    return results;
  },
};

async function runAll(size: Size, { repeats, say }: BenchContext): Promise<Runs> {
  const run =
    (system: SystemName) =>
    async (repeat: number): Promise<Measured> => {
      const measured = await runSystem(system, size);
      const { cpuUsPerViewerSecond, p99Ms, serverCores } = measured;
      say(
        `${size.viewers} viewers, ${repeat + 1}/${repeats}, ${system}: ${serverCores.toFixed(2)} cores, ` +
          `${cpuUsPerViewerSecond.toFixed(0)} µs/viewer-second, p99 ${p99Ms.toFixed(1)} ms`,
      );
      return measured;
    };
  const [ringside, colyseus, socketIo] = SYSTEMS;
  return await interleave(repeats, {
    [ringside]: run(ringside),
    [colyseus]: run(colyseus),
    [socketIo]: run(socketIo),
  });
}

interface Table {
  readonly runs: Runs;
  readonly size: Size;
  readonly suffix: string;
  readonly versions: Readonly<Record<string, string>>;
}

function rowsOf(peer: Peer, { runs, size, suffix, versions }: Table): readonly BenchResult[] {
  const { row, title, from } = PEERS[peer];
  const doubts = { ...doubtsOf('ours', runs.ringside), ...doubtsOf('base', runs[peer]) };
  const details = {
    viewers: size.viewers,
    placement: runs[peer][0]?.placement ?? '',
    'uWebSockets.js': versions['uWebSockets.js'] ?? '',
    ...side('ours', runs.ringside),
    ...side('base', runs[peer]),
    ...sharesOf(runs.ringside),
    ...doubts,
  };
  return MEASURES.map(({ name, what, unit, of }, index) => ({
    name: `peers/${row}/${name}${suffix}`,
    what,
    unit,
    better: 'less',
    ours: runs.ringside.map(of),
    base: { name: `${title} ${versions[from] ?? ''}`, values: runs[peer].map(of) },
    bar: null,
    details: index === 0 ? details : { viewers: size.viewers, ...doubts }, // the same for all: once is enough
  }));
}

function side(who: 'ours' | 'base', runs: readonly Measured[]): Record<string, number | string> {
  const middle = (of: (run: Measured) => number): number => median(runs.map(of));
  return {
    [`${who}: deliveries/s`]: middle((run) => run.deliveriesPerSecond),
    [`${who}: states/s for a viewer`]: middle((run) => run.statesPerViewerSecond),
    [`${who}: bytes/delivery`]: middle((run) => run.bytesPerDelivery),
    [`${who}: cores of the server`]: middle((run) => run.serverCores),
    [`${who}: cores of the crowd`]: middle((run) => run.crowdCores),
    [`${who}: lag of the crowd, p99 ms`]: middle((run) => run.crowdLagP99Ms),
    [`${who}: lag of the givers, p99 ms`]: middle((run) => run.giverLagP99Ms),
    [`${who}: events lost`]: runs.reduce((sum, run) => sum + run.lostEvents, 0),
  };
}

/** What makes figures of this side worth less. */
function doubtsOf(who: 'ours' | 'base', runs: readonly Measured[]): Record<string, string> {
  const times = (doubt: (run: Measured) => boolean): number => runs.filter(doubt).length;
  const slow = times(isBottleneck);
  const behind = times(isBehind);
  return {
    [`${who}: load`]:
      slow === 0 ? 'had time left' : `MAY HAVE BEEN THE BOTTLENECK in ${slow} of ${runs.length}`,
    [`${who}: service`]: behind === 0 ? 'complete' : `FELL BEHIND the 10 Hz in ${behind} of ${runs.length}`,
  };
}

function isBottleneck({ crowdCores, crowdLagP99Ms, giverLagP99Ms }: Measured): boolean {
  return crowdCores > CROWD_CORES_MAX || crowdLagP99Ms > CROWD_LAG_MS_MAX || giverLagP99Ms > GIVER_LAG_MS_MAX;
}

function isBehind({ statesPerViewerSecond, lostEvents }: Measured): boolean {
  return statesPerViewerSecond < STATES_MIN || lostEvents > 0;
}

/** Where the CPU time of Ringside went. */
function sharesOf(runs: readonly Measured[]): Record<string, number> {
  const threads = Object.keys(runs[0]?.cpuShares ?? {});
  return Object.fromEntries(
    threads.map((thread) => [
      `ours: share of CPU, ${thread}`,
      median(runs.map(({ cpuShares }) => cpuShares[thread] ?? 0)),
    ]),
  );
}
