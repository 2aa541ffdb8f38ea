import { expect, test } from 'vitest';
import { AssertionFailure } from '../core/assert.ts';
import { EngineError } from '../core/errors.ts';
import { ledgerAccounts } from '../ledger/journal.ts';
import { createLogger } from '../platform/logger.ts';
import type { Store } from '../ports/store.ts';
import { decodeDelta } from '../protocol/state-codec.ts';
import { unpackPaid } from '../round/paid-rows.ts';
import type { PaymentRow } from '../round/payment-batch.ts';
import { restoreRound } from '../round/restore.ts';
import type { RoundTerms } from '../round/terms.ts';
import { openMemoryStore } from '../store/memory/memory-store.ts';
import { type EdgeInput, EdgeLink, type EdgeLinkMessage } from './link.ts';
import { MAILBOX_LIMITS, type MailboxLimits } from './mailbox.ts';
import type { EdgeEffect, EdgeToShard, ShardStats, ShardToEdge, ShardToMain } from './messages.ts';
import { Shard } from './shard.ts';
import { Collector } from './testing/collector.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { portPair } from './testing/port-pair.ts';
import { TestViewer, testTerms } from './testing/viewer.ts';

const START_MS = 1_700_000_000_000;
const HANDLE = 7;
const from = { edge: 0, conn: 5, ref: 1 };

/** A store that fails, or does not answer, as long as the test says so. */
function moodyStore(): {
  store: Store;
  mood: { failing: boolean; holding: Promise<void> | null; saves: number };
} {
  const store = openMemoryStore();
  const mood = { failing: false, holding: null as Promise<void> | null, saves: 0 };
  return {
    mood,
    store: {
      ...store,
      async acquireRound(roundId) {
        await mood.holding;
        return store.acquireRound(roundId);
      },
      async appendSegment(write) {
        mood.saves++;
        if (mood.failing) throw new EngineError('STORE_FAILED', { inDoubt: true });
        return store.appendSegment(write);
      },
      async saveSnapshot(write) {
        mood.saves++;
        if (mood.failing) throw new EngineError('STORE_FAILED', { inDoubt: true });
        return store.saveSnapshot(write);
      },
    },
  };
}

/** A shard with one linked edge, and a viewer with 50,000 sats for a stored round that is live. */
class Rig {
  readonly clock = new ManualClock(START_MS);
  readonly terms: RoundTerms = testTerms({ roundId: 'round-1', startsAtMs: START_MS, durationMs: 60_000 });
  readonly viewer = new TestViewer(this.terms, from);
  readonly main = new Collector<ShardToMain>();
  readonly edge = new Collector<EdgeLinkMessage>();
  readonly store: Store;
  readonly shard: Shard;
  readonly link: EdgeLink;

  constructor(store: Store, mailbox: MailboxLimits = MAILBOX_LIMITS) {
    this.store = store;
    this.shard = new Shard({
      store,
      clock: this.clock,
      logger: createLogger({ level: 'silent', room: 'test' }),
      defer: (run) => void setImmediate(run),
      toMain: (message) => this.main.add(message),
      mailbox,
    });
    const [shardEnd, edgeEnd] = portPair<ShardToEdge, EdgeToShard>();
    this.shard.link(0, shardEnd);
    this.link = new EdgeLink({ port: edgeEnd, edge: 0, onMessage: (message) => this.edge.add(message) });
  }

  async prepare(): Promise<void> {
    const { store, terms, viewer } = this;
    await store.createRound({ terms, createdAtMs: START_MS });
    await store.post({
      id: 'deposit',
      kind: 'deposit',
      atMs: START_MS,
      legs: [
        { account: ledgerAccounts.treasury, sats: -50_000 },
        { account: ledgerAccounts.available(viewer.account), sats: 50_000 },
      ],
    });
  }

  /** Owns the round, follows it and opens the viewer's stream; answers its slot. */
  async open(): Promise<number> {
    await this.prepare();
    this.shard.command({ kind: 'own', handle: HANDLE, roundId: this.terms.roundId });
    this.link.subscribe(HANDLE);
    this.link.push(HANDLE, this.viewer.open());
    this.link.flush();
    return (await this.until(this.effect('granted'))).grant.slot;
  }

  pay(rows: readonly PaymentRow[]): void {
    for (const row of rows) this.link.pay(HANDLE, row);
    this.link.flush();
  }

  /** The first effect of a kind that reaches the edge, seen already or to come. */
  effect<K extends EdgeEffect['kind']>(kind: K): Promise<Extract<EdgeEffect, { kind: K }>> {
    return this.edge.next((message) => {
      if (message.kind !== 'effects') return undefined;
      return message.effects.find(
        (effect): effect is Extract<EdgeEffect, { kind: K }> => effect.kind === kind,
      );
    });
  }

  fromMain<K extends ShardToMain['kind']>(kind: K): Promise<Extract<ShardToMain, { kind: K }>> {
    return this.main.next((message) =>
      message.kind === kind ? (message as Extract<ShardToMain, { kind: K }>) : undefined,
    );
  }

  async stats(): Promise<ShardStats> {
    this.main.clear();
    this.shard.command({ kind: 'stats' });
    return (await this.fromMain('stats')).stats;
  }

  /** What participant 0 has according to the store alone. */
  async storedSats(): Promise<number | undefined> {
    const saved = await this.store.acquireRound(this.terms.roundId);
    if (!saved.ok) throw new Error('the round is stored');
    const { terms, generation, snapshot, segments } = saved;
    const state = restoreRound({
      terms,
      epoch: generation,
      snapshot: snapshot?.bytes ?? null,
      segments: segments.map(({ bytes }) => bytes),
    });
    return state.totals.sats[0];
  }

  /** Lets time pass until the promise resolves. */
  async until<T>(promise: Promise<T>): Promise<T> {
    const waiting = { done: false };
    const finished = promise.finally(() => {
      waiting.done = true;
    });
    for (let turns = 0; turns < 5_000 && !waiting.done; turns++) await this.turn(5);
    if (!waiting.done) throw new Error('waited in vain');
    return finished;
  }

  /** One loop turn, then some time. */
  async turn(byMs: number): Promise<void> {
    await new Promise<void>((resolve) => void setImmediate(resolve));
    this.clock.advance(byMs);
  }
}

test('a payment is acknowledged once it is durable, and published as a delta after the keyframe', async () => {
  const rig = new Rig(openMemoryStore());
  const slot = await rig.open();
  rig.pay([rig.viewer.watch(slot, 1), rig.viewer.watch(slot, 2)]);
  const paid = await rig.until(rig.effect('paid'));
  expect(unpackPaid(paid.rows)).toEqual([{ slot, conn: from.conn, indexes: [2, 0], gift: false }]);
  expect(await rig.storedSats()).toBe(2);
  const state = rig.edge.next((message) => (message.kind === 'keyframe' ? message.state : undefined));
  const delta = rig.edge.next((message) =>
    message.kind === 'delta' ? decodeDelta(message.frame) : undefined,
  );
  expect(await rig.until(delta)).toMatchObject({ handle: HANDLE, epoch: 1, seq: 2 });
  expect((await state).phase).toBe('live');
});

test('while the store fails the round goes on, saves are tried again, acknowledgements wait', async () => {
  const { store, mood } = moodyStore();
  const rig = new Rig(store);
  const slot = await rig.open();
  mood.failing = true;
  const before = mood.saves;
  rig.pay([rig.viewer.watch(slot, 1)]);
  while (mood.saves < before + 4) await rig.turn(5);
  rig.pay([rig.viewer.watch(slot, 3)]);
  await rig.turn(100);
  await rig.turn(100);
  const effects = rig.edge.seen.flatMap((message) => (message.kind === 'effects' ? message.effects : []));
  expect(effects.filter(({ kind }) => kind === 'paid')).toEqual([]);
  mood.failing = false;
  const indexes = rig.edge.next((message) => {
    if (message.kind !== 'effects') return undefined;
    const paid = message.effects.find((effect) => effect.kind === 'paid');
    const [row] = paid === undefined ? [] : unpackPaid(paid.rows);
    return row?.indexes[0] === 3 ? row.indexes : undefined;
  });
  expect(await rig.until(indexes)).toEqual([3, 0]);
  expect((await rig.stats()).storeRetries).toBeGreaterThanOrEqual(4);
});

test('a round that another owner acquired is dropped, and main is told', async () => {
  const rig = new Rig(openMemoryStore());
  const slot = await rig.open();
  await rig.store.acquireRound(rig.terms.roundId);
  rig.pay([rig.viewer.watch(slot, 1)]);
  expect(await rig.until(rig.fromMain('lost'))).toEqual({ kind: 'lost', handle: HANDLE });
  expect(rig.edge.seen.some((m) => m.kind === 'effects' && m.effects.some((e) => e.kind === 'paid'))).toBe(
    false,
  );
  rig.pay([rig.viewer.watch(slot, 2)]);
  expect(await rig.until(rig.effect('refused'))).toMatchObject({ code: 'ROUND_NOT_FOUND', slot });
  expect((await rig.stats()).rounds).toBe(0);
});

test('a round that the store does not have is absent', async () => {
  const rig = new Rig(openMemoryStore());
  rig.shard.command({ kind: 'own', handle: HANDLE, roundId: rig.terms.roundId });
  expect(await rig.until(rig.fromMain('absent'))).toEqual({ kind: 'absent', handle: HANDLE });
});

test('what does not fit the mailbox of a round that is being restored is refused; the rest waits', async () => {
  const { store, mood } = moodyStore();
  const rig = new Rig(store, { rowsMax: 1, inputsMax: 1 });
  await rig.prepare();
  const held = Promise.withResolvers<void>();
  mood.holding = held.promise;
  rig.shard.command({ kind: 'own', handle: HANDLE, roundId: rig.terms.roundId });
  rig.link.push(HANDLE, rig.viewer.open());
  rig.link.push(HANDLE, { ...rig.viewer.attach(), from: { ...from, ref: 2 } } as EdgeInput);
  rig.pay([rig.viewer.watch(3, 1), rig.viewer.watch(3, 2)]);
  expect(await rig.until(rig.effect('refused'))).toEqual({
    kind: 'refused',
    what: 'pay',
    to: { ...from, ref: 0 },
    code: 'UNAVAILABLE',
    slot: 3,
  });
  expect(await rig.stats()).toMatchObject({ wordsDropped: 2, inputsRefused: 1, words: 0 });
  await rig.turn(0);
  expect(rig.link.underWay).toBe(0);
  held.resolve();
  expect((await rig.until(rig.effect('granted'))).to).toEqual(from);
});

test('messages that arrive together cost one step and one credit', async () => {
  const rig = new Rig(openMemoryStore());
  const slot = await rig.open();
  await rig.turn(0);
  const before = await rig.stats();
  for (let index = 1; index <= 3; index++) rig.pay([rig.viewer.watch(slot, index)]);
  expect(rig.link.underWay).toBe(3);
  await rig.turn(0);
  await rig.turn(0);
  const after = await rig.stats();
  expect([after.steps - before.steps, after.words - before.words]).toEqual([1, 3]);
  expect(rig.link.underWay).toBe(0);
});

test('a stop makes everything durable before it is answered', async () => {
  const rig = new Rig(openMemoryStore());
  const slot = await rig.open();
  rig.pay([rig.viewer.watch(slot, 4), rig.viewer.gift(slot, 3)]);
  await rig.turn(0);
  rig.shard.command({ kind: 'stop' });
  await rig.until(rig.fromMain('stopped'));
  expect(await rig.storedSats()).toBe(3_004);
});

test('the crash drill throws, as a bug would', () => {
  const rig = new Rig(openMemoryStore());
  expect(() => rig.shard.command({ kind: 'crash' })).toThrow(AssertionFailure);
});
