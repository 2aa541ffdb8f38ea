import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assert } from '../../core/assert.ts';
import type { RoundId } from '../../core/ids.ts';
import { Prng } from '../../core/prng.ts';
import type { Store } from '../../ports/store.ts';
import { openLmdbStore } from './lmdb-store.ts';

const SCRIPT = fileURLToPath(new URL('./testing/store-process.ts', import.meta.url));
const roundId = 'battle' as RoundId;

describe('an LMDB store and its process', () => {
  let path: string;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'ringside-store-'));
  });

  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await rm(path, { recursive: true });
  });

  async function withStore<T>(use: (store: Store) => Promise<T>): Promise<T> {
    const store = await openLmdbStore({ path });
    try {
      return await use(store);
    } finally {
      await store.close();
    }
  }

  const createRound = (): Promise<void> =>
    withStore(async (store) => {
      const terms = { roundId } as Parameters<Store['createRound']>[0]['terms'];
      await store.createRound({ terms, createdAtMs: 1 });
    });

  /** Lets a process append until it has been told of `count` more saves, then kills it. Answers the last. */
  async function appendAndKill(count: number): Promise<number> {
    const child = spawn(process.execPath, [SCRIPT, path, roundId], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const exited = once(child, 'exit');
    let acknowledged = 0;
    let told = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged = Number(line);
      if (++told === count) child.kill('SIGKILL'); // what it was told meanwhile is still read
    }
    expect(await exited).toEqual([null, 'SIGKILL']);
    return acknowledged;
  }

  it('killed at any moment, still has every save it acknowledged, without a gap', async () => {
    await createRound();
    const prng = new Prng(7);
    for (let kill = 1; kill <= 5; kill++) {
      const acknowledged = await appendAndKill(1 + prng.below(35));
      await withStore(async (store) => {
        const saved = await store.acquireRound(roundId);
        assert(saved.ok, 'the round is there');
        expect(saved.generation).toBe(2 * kill); // the process was the owner before
        const from = (saved.snapshot?.seq ?? 0) + 1;
        expect(saved.segments.map(({ seq }) => seq)).toEqual(saved.segments.map((_, i) => from + i));
        const last = saved.segments.at(-1)?.seq ?? saved.snapshot?.seq ?? 0;
        // One more may have been saved than was told; none fewer.
        expect([acknowledged, acknowledged + 1]).toContain(last);
        for (const { seq, bytes } of saved.segments) {
          expect(bytes.length === 20_000 && bytes.every((byte) => byte === (seq & 0xff))).toBe(true);
        }
      });
    }
  }, 60_000);

  it('shared with another process is fenced across both', async () => {
    await createRound();
    await withStore(async (store) => {
      const child = spawn(process.execPath, [SCRIPT, path, roundId], { stdio: ['ignore', 'pipe', 'pipe'] });
      children.push(child);
      const exited = once(child, 'exit');
      let stderr = '';
      child.stderr.on('data', (data) => {
        stderr += String(data);
      });
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const first = await lines.next();
      expect(first.value).toBe('1');
      expect(await store.acquireRound(roundId)).toMatchObject({ ok: true, generation: 2 });
      expect(await exited).toEqual([1, null]);
      expect(stderr).toContain('STALE_GENERATION');
    });
  });
});
