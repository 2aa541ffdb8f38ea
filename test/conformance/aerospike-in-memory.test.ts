// The Aerospike store over records in memory: the suite of all stores, and faults that need no server to be shown.
import { describe, expect, it } from 'vitest';
import { ledgerAccounts } from '../../src/ledger/journal.ts';
import type { Bins } from '../../src/store/aerospike/mutation.ts';
import { openStoreOn } from '../../src/store/aerospike/aerospike-store.ts';
import { AEROSPIKE_DEFAULTS, type AerospikeOptions } from '../../src/store/aerospike/options.ts';
import { WireError } from '../../src/store/aerospike/wire.ts';
import { MortalWire } from './aerospike-wires.ts';
import { accountId, bytesOf, fundViewer, ownedRound, roundIdOf, streamId, transfer } from './fixtures.ts';
import { MemoryWire } from './memory-wire.ts';
import { storeConformance } from './store-conformance.ts';

const options: AerospikeOptions = { ...AEROSPIKE_DEFAULTS, retriesMax: 0, ackDelayMs: 0 };
/** Mutations before the one that moves the sats of a hold: the schema, who asks for it, the list of the round. */
const BEFORE_HOLD = 3;
const viewer = accountId(1);

storeConformance('aerospike, records in memory', async () => {
  const wire = new MemoryWire();
  let store = await openStoreOn(wire, options);
  return {
    store,
    async reopen() {
      await store.close();
      store = await openStoreOn(wire, options);
      return store;
    },
    dispose: () => store.close(),
  };
});

/** Its server can be killed, and started again. */
class KillableWire extends MemoryWire {
  isDead = false;
  starts = 1;

  override async get(...input: Parameters<MemoryWire['get']>): Promise<Bins | undefined> {
    this.#check();
    return await super.get(...input);
  }

  override async clusterKey(): Promise<string> {
    this.#check();
    return await Promise.resolve(`start ${this.starts}`);
  }

  #check(): void {
    if (this.isDead) throw new WireError('unanswered', 'the server was killed', undefined);
  }
}

describe('a hold that arrives late', () => {
  it('is not made when the round was refunded meanwhile, even if nothing was held then', async () => {
    const wire = new MemoryWire();
    const store = await openStoreOn(wire, options);
    const roundId = roundIdOf('late');
    const generation = await ownedRound(store, roundId);
    await fundViewer(store, viewer, 1_000);
    const dying = new MortalWire(wire, BEFORE_HOLD, 'late');
    const old = await openStoreOn(dying, options);
    const hold = { streamId: streamId(1), roundId, account: viewer, sats: 500, atMs: 1 };
    await expect(old.hold(hold)).rejects.toMatchObject({ inDoubt: true });

    await store.saveSnapshot({ roundId, generation, seq: 1, bytes: bytesOf(9, 1), phase: 'cancelled' });
    expect(await store.holdsOfRound(roundId)).toEqual([]);
    const entry = { id: `refund:${roundId}`, kind: 'refund', atMs: 2, legs: [] } as const;
    expect(await store.commitRefund({ roundId, generation, entry })).toEqual({ ok: true });
    await dying.arriveLate();
    expect(await store.readBalances(viewer)).toMatchObject({ availableSats: 1_000, heldSats: 0 });
    await store.close();
  });
});

describe('an acknowledgement', () => {
  it('is not given when the server is killed before it has flushed the write', async () => {
    const wire = new KillableWire();
    const store = await openStoreOn(wire, { ...options, ackDelayMs: 60 });
    await fundViewer(store, viewer, 1_000);
    const entry = transfer('gift', ledgerAccounts.available(viewer), ledgerAccounts.earned(accountId(2)), 5);
    const answer = store.post(entry);
    await new Promise((resolve) => setTimeout(resolve, 20)); // it is written by then, and waits
    wire.isDead = true;
    await expect(answer).rejects.toMatchObject({ code: 'STORE_FAILED', inDoubt: true });
    wire.isDead = false;
    expect(await store.post(entry)).toEqual({ ok: true, applied: false });
    await store.close();
  });

  it('is not given when the server is back by the end of the wait', async () => {
    const wire = new KillableWire();
    const store = await openStoreOn(wire, { ...options, ackDelayMs: 60 });
    await fundViewer(store, viewer, 1_000);
    const entry = transfer('gift', ledgerAccounts.available(viewer), ledgerAccounts.earned(accountId(2)), 5);
    const answer = store.post(entry);
    await new Promise((resolve) => setTimeout(resolve, 20));
    wire.starts++;
    await expect(answer).rejects.toMatchObject({ code: 'STORE_FAILED', inDoubt: true });
    expect(await store.post(entry)).toEqual({ ok: true, applied: false });
    await store.close();
  });

  it('is given by the first write after a pause in which the server was started again', async () => {
    const wire = new KillableWire();
    const store = await openStoreOn(wire, { ...options, ackDelayMs: 5, stalledMs: 10 });
    await fundViewer(store, viewer, 1_000);
    wire.starts++;
    await new Promise((resolve) => setTimeout(resolve, 100));
    const entry = transfer('gift', ledgerAccounts.available(viewer), ledgerAccounts.earned(accountId(2)), 5);
    expect(await store.post(entry)).toEqual({ ok: true, applied: true });
    await store.close();
  });
});
