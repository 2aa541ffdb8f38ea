import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { RoundId } from '../core/ids.ts';
import { ledgerAccounts } from '../ledger/journal.ts';
import { systemClock } from '../platform/clock.ts';
import { createLogger } from '../platform/logger.ts';
import type { Store } from '../ports/store.ts';
import { decodeDelta } from '../protocol/state-codec.ts';
import { unpackPaid } from '../round/paid-rows.ts';
import type { PaymentRow } from '../round/payment-batch.ts';
import type { RoundStatement } from '../round/statement.ts';
import type { RoundTerms } from '../round/terms.ts';
import type { ShardThreadData } from '../shard-thread.ts';
import { openLmdbStore } from '../store/lmdb/lmdb-store.ts';
import type { EdgeInput, EdgeLinkMessage } from './link.ts';
import { MAILBOX_LIMITS } from './mailbox.ts';
import type { EdgeEffect } from './messages.ts';
import { type Supervisor, startSupervisor } from './supervisor.ts';
import { Collector } from './testing/collector.ts';
import type { TestEdgeCommand, TestEdgeData, TestEdgeReport } from './testing/edge-thread.ts';
import { TestViewer, testTerms } from './testing/viewer.ts';

type Told =
  | { kind: 'owned'; roundId: RoundId; generation: number }
  | { kind: 'phase'; roundId: RoundId; phase: string }
  | { kind: 'settle'; roundId: RoundId; generation: number; statement: RoundStatement }
  | { kind: 'refund'; roundId: RoundId }
  | { kind: 'lost'; roundId: RoundId };

let channels = 0;
const rigs: Rig[] = [];
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close();
});

/** The supervisor with real shards on a real store; its edges have links but no sockets. */
class Rig {
  readonly told = new Collector<Told>();
  readonly reports = new Collector<TestEdgeReport>();
  readonly #path: string;
  readonly #channelName = `edges-${process.pid}-${++channels}`;
  readonly #channel = new BroadcastChannel(this.#channelName);
  #store: Store | undefined;
  #supervisor: Supervisor | undefined;

  private constructor(path: string) {
    this.#path = path;
    this.#channel.addEventListener('message', ({ data }: MessageEvent<TestEdgeReport>) =>
      this.reports.add(data),
    );
  }

  static async make(threads: { shards: number; edges: number }): Promise<Rig> {
    const rig = new Rig(await mkdtemp(join(tmpdir(), 'ringside-supervisor-')));
    rigs.push(rig);
    rig.#store = await openLmdbStore({ path: rig.#path });
    await rig.start(threads);
    return rig;
  }

  get store(): Store {
    if (this.#store === undefined) throw new Error('the store is open');
    return this.#store;
  }

  get supervisor(): Supervisor {
    if (this.#supervisor === undefined) throw new Error('the supervisor was started');
    return this.#supervisor;
  }

  async start(threads: { shards: number; edges: number }): Promise<void> {
    this.told.clear();
    this.reports.clear();
    this.#supervisor = await startSupervisor({
      ...threads,
      shardEntry: new URL('../shard-thread.ts', import.meta.url),
      edgeEntry: new URL('./testing/edge-thread.ts', import.meta.url),
      shardData: (shard, isSpare): ShardThreadData => ({
        shard,
        store: { kind: 'lmdb', path: this.#path },
        mailbox: MAILBOX_LIMITS,
        logLevel: 'silent',
        isSpare,
      }),
      edgeData: (edge, port): TestEdgeData => ({ edge, channel: this.#channelName, port: port ?? 4_711 }),
      events: {
        onOwned: (roundId, generation) => this.told.add({ kind: 'owned', roundId, generation }),
        onPhase: (roundId, phase) => this.told.add({ kind: 'phase', roundId, phase }),
        onSettle: (roundId, generation, statement) =>
          this.told.add({ kind: 'settle', roundId, generation, statement }),
        onRefund: (roundId) => this.told.add({ kind: 'refund', roundId }),
        onLost: (roundId) => this.told.add({ kind: 'lost', roundId }),
      },
      clock: systemClock,
      logger: createLogger({ level: 'silent', room: 'test' }),
      stopCloseCode: 4000,
    });
  }

  /** Stores a round that is live now, and 50,000 sats for a viewer of it on edge 0. */
  async round(roundId: string, durationMs: number): Promise<{ terms: RoundTerms; viewer: TestViewer }> {
    const nowMs = Date.now();
    const terms = testTerms({ roundId, startsAtMs: nowMs - 1_000, durationMs: durationMs + 1_000 });
    const viewer = new TestViewer(terms, { edge: 0, conn: 5, ref: 1 });
    await this.store.createRound({ terms, createdAtMs: nowMs });
    await this.store.post({
      id: `deposit-${roundId}`,
      kind: 'deposit',
      atMs: nowMs,
      legs: [
        { account: ledgerAccounts.treasury, sats: -50_000 },
        { account: ledgerAccounts.available(viewer.account), sats: 50_000 },
      ],
    });
    return { terms, viewer };
  }

  /** Owns the round and opens the viewer's stream on it; answers the slot. */
  async watching({ terms, viewer }: { terms: RoundTerms; viewer: TestViewer }): Promise<number> {
    const { roundId } = terms;
    expect(await this.supervisor.own(roundId)).toMatchObject({ ok: true });
    await this.placed(0, roundId);
    this.push(roundId, viewer.open());
    return (await this.effect(roundId, 'granted')).grant.slot;
  }

  push(roundId: RoundId, input: EdgeInput): void {
    this.#command({ to: 0, kind: 'push', roundId, input });
  }

  pay(roundId: RoundId, rows: readonly PaymentRow[]): void {
    this.#command({ to: 0, kind: 'pay', roundId, rows });
  }

  reportBusy(part: number): void {
    this.#command({ to: 0, kind: 'busy', part });
  }

  killEdge(edge: number): void {
    this.#command({ to: edge, kind: 'die' });
  }

  placed(edge: number, roundId: RoundId): Promise<true> {
    return this.reports.next((report) =>
      report.from === edge && report.kind === 'placed' && report.place.roundId === roundId ? true : undefined,
    );
  }

  message<R>(roundId: RoundId, pick: (message: EdgeLinkMessage) => R | undefined): Promise<R> {
    return this.reports.next((report) =>
      report.kind === 'message' && report.roundId === roundId ? pick(report.message) : undefined,
    );
  }

  keyframe(roundId: RoundId): Promise<Extract<EdgeLinkMessage, { kind: 'keyframe' }>> {
    return this.message(roundId, (message) => (message.kind === 'keyframe' ? message : undefined));
  }

  effect<K extends EdgeEffect['kind']>(roundId: RoundId, kind: K): Promise<Extract<EdgeEffect, { kind: K }>> {
    return this.message(roundId, (message) =>
      message.kind === 'effects'
        ? message.effects.find((effect): effect is Extract<EdgeEffect, { kind: K }> => effect.kind === kind)
        : undefined,
    );
  }

  next<K extends Told['kind']>(kind: K): Promise<Extract<Told, { kind: K }>> {
    return this.told.next((told) => (told.kind === kind ? (told as Extract<Told, { kind: K }>) : undefined));
  }

  async close(): Promise<void> {
    await this.#supervisor?.stop();
    this.#channel.close();
    await this.#store?.close();
    await rm(this.#path, { recursive: true, force: true });
  }

  #command(command: TestEdgeCommand): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel between threads has no origin
    this.#channel.postMessage(command);
  }
}

test('a round runs to settling with payments that came over a link', async () => {
  const rig = await Rig.make({ shards: 1, edges: 1 });
  const round = await rig.round('battle', 1_000);
  const { roundId } = round.terms;
  const slot = await rig.watching(round);
  rig.pay(roundId, [round.viewer.watch(slot, 3), round.viewer.gift(slot, 2)]);
  const paid = unpackPaid((await rig.effect(roundId, 'paid')).rows);
  expect(paid).toEqual([{ slot, conn: 5, indexes: [3, 2], gift: true }]);
  const { statement, generation } = await rig.next('settle');
  expect(generation).toBe(1);
  expect(statement.streams.map(({ paidSats, signed }) => [paidSats, signed.commitment.streamId])).toEqual([
    [2_003, round.viewer.streamId],
  ]);
  const phases = rig.told.seen.flatMap((told) => (told.kind === 'phase' ? [told.phase] : []));
  expect(phases.slice(-2)).toEqual(['closing', 'settling']);
  expect(
    rig.supervisor.input(roundId, { kind: 'settlement', progress: { status: 'mined', txids: [] } }),
  ).toBe(true);
  await rig.told.next((told) => (told.kind === 'phase' && told.phase === 'settled' ? true : undefined));
});

test('a shard that crashed is restored under a higher epoch and has lost nothing it acknowledged', async () => {
  const rig = await Rig.make({ shards: 1, edges: 1 });
  const round = await rig.round('battle', 60_000);
  const { roundId } = round.terms;
  const slot = await rig.watching(round);
  rig.pay(roundId, [round.viewer.watch(slot, 4), round.viewer.gift(slot, 1)]);
  const acknowledged = unpackPaid((await rig.effect(roundId, 'paid')).rows)[0]?.indexes;
  expect(acknowledged).toEqual([4, 1]);
  rig.reports.clear();
  rig.pay(roundId, [round.viewer.gift(slot, 2)]);
  rig.supervisor.killShard(0);
  const keyframe = await rig.keyframe(roundId);
  expect(keyframe.epoch).toBe(2);
  rig.push(roundId, round.viewer.attach());
  const { grant } = await rig.effect(roundId, 'granted');
  const [watchIndex, giftIndex] = grant.tips.map(({ index }) => index);
  expect([watchIndex, giftIndex === 1 || giftIndex === 2]).toEqual([4, true]);
  rig.reports.clear();
  rig.pay(roundId, [round.viewer.gift(grant.slot, 3)]);
  expect(unpackPaid((await rig.effect(roundId, 'paid')).rows)[0]?.indexes).toEqual([4, 3]);
  expect((await rig.supervisor.stats()).shards[0]).toMatchObject({ rounds: 1, restarts: 1 });
});

test('a round that another process acquired is dropped and reported as lost', async () => {
  const rig = await Rig.make({ shards: 1, edges: 1 });
  const round = await rig.round('battle', 60_000);
  const { roundId } = round.terms;
  const slot = await rig.watching(round);
  await rig.store.acquireRound(roundId);
  rig.pay(roundId, [round.viewer.watch(slot, 1)]);
  expect(await rig.next('lost')).toEqual({ kind: 'lost', roundId });
  await rig.reports.next((report) => (report.kind === 'unplaced' ? true : undefined));
  expect([rig.supervisor.shardOf(roundId), rig.supervisor.input(roundId, { kind: 'start' })]).toEqual([
    undefined,
    false,
  ]);
});

test('a stop makes everything durable and ends every thread by itself', async () => {
  const rig = await Rig.make({ shards: 2, edges: 2 });
  const round = await rig.round('battle', 60_000);
  const { roundId } = round.terms;
  const slot = await rig.watching(round);
  rig.pay(roundId, [round.viewer.watch(slot, 5), round.viewer.gift(slot, 1)]);
  await rig.message(roundId, (message) => (message.kind === 'delta' ? true : undefined));
  expect(await rig.supervisor.stop()).toBe(true);
  expect(await rig.supervisor.own(roundId)).toEqual({ ok: false, code: 'UNAVAILABLE' });

  await rig.start({ shards: 1, edges: 1 });
  await rig.supervisor.own(roundId);
  await rig.placed(0, roundId);
  rig.push(roundId, round.viewer.attach());
  expect((await rig.effect(roundId, 'granted')).grant.tips[0]?.index).toBe(5);
  expect((await rig.next('owned')).generation).toBe(2);
});

test('200 rounds are spread evenly over two shards', async () => {
  const rig = await Rig.make({ shards: 2, edges: 1 });
  const ids: RoundId[] = [];
  for (let n = 0; n < 200; n++) ids.push((await rig.round(`round-${n}`, 60_000)).terms.roundId);
  const owned = await Promise.all(ids.map((roundId) => rig.supervisor.own(roundId)));
  expect(owned.filter(({ ok }) => ok)).toHaveLength(200);
  const { shards } = await rig.supervisor.stats();
  expect(shards.map(({ rounds, stats }) => [rounds, stats?.rounds])).toEqual([
    [100, 100],
    [100, 100],
  ]);
  const [first] = ids;
  if (first === undefined) throw new Error('there are rounds');
  const shard = rig.supervisor.shardOf(first);
  rig.supervisor.release(first);
  expect(rig.supervisor.shardOf(first)).toBeUndefined();
  const released = (await rig.supervisor.stats()).shards[shard ?? 0];
  expect([released?.rounds, released?.stats?.rounds]).toEqual([99, 99]);
});

test('an edge that died is replaced, linked and told where the rounds are', async () => {
  const rig = await Rig.make({ shards: 1, edges: 2 });
  const round = await rig.round('battle', 60_000);
  const { roundId } = round.terms;
  await rig.watching(round);
  await rig.placed(1, roundId);
  rig.reports.clear();
  rig.killEdge(0);
  await rig.placed(0, roundId);
  await rig.keyframe(roundId);
  rig.push(roundId, round.viewer.attach());
  expect((await rig.effect(roundId, 'granted')).grant.streamId).toBe(round.viewer.streamId);
  expect((await rig.supervisor.stats()).edges.map(({ restarts }) => restarts)).toEqual([1, 0]);
});

test('a round that the store does not have is not owned', async () => {
  const rig = await Rig.make({ shards: 1, edges: 0 });
  expect(await rig.supervisor.own('nowhere' as RoundId)).toEqual({ ok: false, code: 'ROUND_NOT_FOUND' });
  expect(rig.supervisor.shardOf('nowhere' as RoundId)).toBeUndefined();
});

test('rounds hear of blocks, also of those before they were owned', async () => {
  const rig = await Rig.make({ shards: 1, edges: 0 });
  const { terms } = await rig.round('by-height', 60_000);
  const byHeight: RoundTerms = {
    ...terms,
    roundId: 'chained' as RoundId,
    end: { kind: 'height', height: 12 },
  };
  await rig.store.createRound({ terms: byHeight, createdAtMs: Date.now() });
  rig.supervisor.height(12);
  await rig.supervisor.own(byHeight.roundId);
  expect((await rig.next('settle')).roundId).toBe(byHeight.roundId);
});

function script(source: string): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}

test('an engine whose edge cannot start is refused with the reason, and nothing is left running', async () => {
  const shard = `import { parentPort } from 'node:worker_threads';
    parentPort.postMessage({ kind: 'ready' });
    parentPort.on('message', ({ kind }) => { if (kind === 'stop') parentPort.close(); });`;
  const edge = `import { parentPort } from 'node:worker_threads';
    parentPort.postMessage({ kind: 'failed', message: 'the port is taken' });
    parentPort.on('message', () => parentPort.close());`;
  const starting = startSupervisor({
    shards: 1,
    edges: 1,
    shardEntry: script(shard),
    edgeEntry: script(edge),
    shardData: () => null,
    edgeData: () => null,
    events: { onOwned() {}, onPhase() {}, onSettle() {}, onRefund() {}, onLost() {} },
    clock: systemClock,
    logger: createLogger({ level: 'silent', room: 'test' }),
    stopCloseCode: 4000,
  });
  await expect(starting).rejects.toThrow('edge-0 did not start: the port is taken');
});

test('a busy edge has viewers asked for words less often, in rounds that run and in those that come', async () => {
  const rig = await Rig.make({ shards: 1, edges: 1 });
  const running = await rig.round('running', 60_000);
  await rig.watching(running);
  for (let second = 0; second < 3; second++) rig.reportBusy(1);
  const paced = await rig.message(running.terms.roundId, (message) => {
    if (message.kind !== 'delta') return undefined;
    return decodeDelta(message.frame)?.delta.payEveryMs;
  });
  expect(paced).toBe(2_000);
  const later = await rig.round('later', 60_000);
  expect(await rig.supervisor.own(later.terms.roundId)).toMatchObject({ ok: true });
  const asked = await rig.message(later.terms.roundId, (message) =>
    message.kind === 'keyframe' ? message.state.payEveryMs : undefined,
  );
  expect(asked).toBe(2_000);
});

test('a round that its shard dies of is left alone, and the others of the shard go on', async () => {
  const rig = await Rig.make({ shards: 1, edges: 1 });
  const good = await rig.round('good', 60_000);
  await rig.watching(good);
  const bad = testTerms({ roundId: 'bad', startsAtMs: Date.now() - 1_000, durationMs: 1_000 });
  // Terms that no checked way into the store lets through: dividing the sats fails an assertion.
  await rig.store.createRound({ terms: { ...bad, directBps: -1 }, createdAtMs: Date.now() });
  await rig.supervisor.own(bad.roundId);
  expect(await rig.next('lost')).toEqual({ kind: 'lost', roundId: bad.roundId });
  expect(rig.supervisor.shardOf(bad.roundId)).toBeUndefined();
  await rig.told.next((told) =>
    told.kind === 'owned' && told.roundId === good.terms.roundId && told.generation === 4 ? true : undefined,
  );
  expect(await rig.supervisor.own(good.terms.roundId)).toMatchObject({ ok: true });
});
