import { expect, test } from 'vitest';
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

test('a hold that is being let go of is not counted for the same OPEN once more', async () => {
  const terms = testTerms({ roundId: 'round-1', startsAtMs: START_MS, durationMs: 60_000 });
  const key = new Uint8Array(32).fill(9);
  const [older, newer] = [1, 2].map((ref) => new TestViewer(terms, { edge: 0, conn: 5, ref }, key));
  const memory = openMemoryStore();
  const letGo: (() => void)[] = [];
  const store: Store = {
    ...memory,
    async shrinkHold(change) {
      await new Promise<void>((resolve) => void letGo.push(resolve));
      await memory.shrinkHold(change);
    },
  };
  await store.createRound({ terms, createdAtMs: START_MS });
  const legs = [
    { account: ledgerAccounts.treasury, sats: -90_000 },
    { account: ledgerAccounts.available(older?.account ?? ('' as never)), sats: 90_000 },
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
  /** Steps until nothing is left to do for now. */
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(30);
      round.put({ kind: 'tick' });
      round.run(clock.nowMs());
    }
  };
  await round.acquire();
  for (const viewer of [older, newer]) if (viewer !== undefined) round.put(viewer.open());
  await settle();
  if (older !== undefined) round.put(older.open());
  await settle();
  expect(letGo.length).toBeGreaterThan(0);
  for (let release = letGo.shift(); release !== undefined; release = letGo.shift()) {
    release();
    await settle();
  }
  const streams = round.state?.streams;
  const open = streams?.ids.filter((_, slot) => streams.isOpen(slot));
  const held = await store.holdsOfRound(terms.roundId);
  expect(held.map(({ streamId }) => streamId)).toEqual(open);
  expect(JSON.stringify(told)).toContain('STREAM_EXISTS');
});
