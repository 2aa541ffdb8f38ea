import { describe, expect, it } from 'vitest';
import { ledgerAccounts } from '../ledger/journal.ts';
import { createLogger } from '../platform/logger.ts';
import type { Store } from '../ports/store.ts';
import { openMemoryStore } from '../store/memory/memory-store.ts';
import { HostedRound } from './hosted-round.ts';
import { MAILBOX_LIMITS } from './mailbox.ts';
import type { ShardToEdge } from './messages.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { TestViewer, testTerms } from './testing/viewer.ts';

const START_MS = 1_700_000_000_000;

interface Rig {
  readonly older: TestViewer;
  /** Another stream of the same account, over the same connection. */
  readonly newer: TestViewer;
  readonly round: HostedRound;
  readonly store: Store;
  /** Releases that the store has been asked for and has not begun. */
  readonly releases: (() => void)[];
  readonly told: ShardToEdge[];
  /** Steps until nothing is left to do for now. */
  readonly settle: () => Promise<void>;
}

/** A round over a store that releases no hold before it is told to. */
async function acquired({ fundsSats }: { readonly fundsSats: number }): Promise<Rig> {
  const terms = testTerms({ roundId: 'round-1', startsAtMs: START_MS, durationMs: 60_000 });
  const key = new Uint8Array(32).fill(9);
  const older = new TestViewer(terms, { edge: 0, conn: 5, ref: 1 }, key);
  const newer = new TestViewer(terms, { edge: 0, conn: 5, ref: 2 }, key);
  const memory = openMemoryStore();
  const releases: (() => void)[] = [];
  const store: Store = {
    ...memory,
    async shrinkHold(change) {
      await new Promise<void>((resolve) => void releases.push(resolve));
      await memory.shrinkHold(change);
    },
  };
  await store.createRound({ terms, createdAtMs: START_MS });
  const legs = [
    { account: ledgerAccounts.treasury, sats: -fundsSats },
    { account: ledgerAccounts.available(older.account), sats: fundsSats },
  ];
  await store.post({ id: 'deposit', kind: 'deposit', atMs: START_MS, legs });
  const clock = new ManualClock(START_MS);
  const told: ShardToEdge[] = [];
  const round = new HostedRound(
    {
      store,
      clock,
      logger: createLogger({ level: 'silent', room: 'test' }),
      mailbox: MAILBOX_LIMITS,
      toMain: () => undefined,
      toEdge: (_edge, message) => void told.push(message),
      stir: () => undefined,
      wakeAt: () => undefined,
      drop: () => undefined,
      storeFault: () => undefined,
    },
    1,
    terms.roundId,
  );
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(30);
      round.put({ kind: 'tick' });
      round.run(clock.nowMs());
    }
  };
  await round.acquire();
  return { older, newer, round, store, releases, told, settle };
}

/** The store releases what it was asked to, and what follows from it. */
async function release({ releases, settle }: Rig): Promise<void> {
  for (let next = releases.shift(); next !== undefined; next = releases.shift()) {
    next();
    await settle();
  }
}

describe('a hold', () => {
  it('that is being let go of is not counted for the same OPEN once more', async () => {
    const rig = await acquired({ fundsSats: 90_000 });
    const { older, newer, round, store, releases, told, settle } = rig;
    for (const viewer of [older, newer]) round.put(viewer.open());
    await settle();
    round.put(older.open());
    await settle();
    expect(releases.length).toBeGreaterThan(0);
    await release(rig);
    const streams = round.state?.streams;
    const open = streams?.ids.filter((_, slot) => streams.isOpen(slot));
    const held = await store.holdsOfRound('round-1' as never);
    expect(held.map(({ streamId }) => streamId)).toEqual(open);
    expect(JSON.stringify(told)).toContain('STREAM_EXISTS');
  });

  it('waits for the release of the stream that it replaces, so that funds for one are enough', async () => {
    const rig = await acquired({ fundsSats: 20_000 });
    const { older, newer, round, releases, told, settle } = rig;
    round.put(older.open());
    await settle();
    round.put(newer.open());
    await settle();
    expect(releases).toHaveLength(1);
    await release(rig);
    const streams = round.state?.streams;
    expect(streams?.ids.filter((_, slot) => streams.isOpen(slot))).toEqual([newer.streamId]);
    expect(JSON.stringify(told)).not.toContain('INSUFFICIENT_FUNDS');
  });
});
