// A shard thread dies in the middle of a round: its viewers stay connected, and no satoshi is lost or charged twice.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Viewer } from '../../src/client/viewer.ts';
import type { Engine } from '../../src/engine.ts';
import { bootEngine, newViewer, parseReceipt, quickTerms, temporaryFolder, until } from './harness.ts';

describe('a shard that crashes while viewers pay', () => {
  const folder = temporaryFolder();
  let engine: Engine;
  const viewers: Viewer[] = [];
  beforeAll(async () => {
    engine = await bootEngine(folder.path);
  });
  afterAll(async () => {
    for (const viewer of viewers) viewer.close();
    expect(await engine.stop()).toBe(true);
    folder.remove();
  });

  it('is restored under a new epoch on the same connections, and every acknowledged payment is in the receipt', async () => {
    const terms = quickTerms({ roundId: 'crash', seconds: 15 });
    expect(await engine.control.createRound(terms)).toMatchObject({ ok: true });
    const reconnects: string[] = [];
    for (let index = 0; index < 12; index++) {
      const viewer = newViewer(engine.wsUrl);
      viewers.push(viewer);
      await engine.control.fundDevAccount({ account: viewer.account, sats: 10_000, key: `v${index}` });
      await viewer.connect();
      viewer.on('connection', ({ kind }) => reconnects.push(kind));
      expect(await viewer.follow(terms.roundId)).toEqual({ ok: true });
      expect(await viewer.watch(index % 2)).toEqual({ ok: true });
    }
    const [giver] = viewers;
    if (giver === undefined) throw new Error('no viewer');
    await until(giver, () => (giver.paid?.acknowledgedSats ?? 0) >= 1);
    expect(await giver.gift(0, 1_234)).toEqual({ ok: true });
    const keyframes = viewers.map(
      (viewer) =>
        new Promise<void>((resolve) => {
          const off = viewer.on('state', ({ delta }) => {
            if (delta !== null) return;
            off();
            resolve();
          });
        }),
    );
    engine.supervisor.killShard(0);
    const gift = giver.gift(1, 777); // under way while there is no shard
    await Promise.all(keyframes);
    expect(await gift).toEqual({ ok: true });

    const ended = viewers.map(
      (viewer) => new Promise<number>((resolve) => viewer.on('ended', ({ paidSats }) => resolve(paidSats))),
    );
    const paid = await Promise.all(ended);
    expect(reconnects).toEqual([]);
    expect(await engine.untilPhase(terms.roundId, 'settled', 20_000)).toBe(true);
    const answer = await engine.control.receipt(terms.roundId);
    if (!answer.ok) throw new Error(answer.code);
    const receipt = parseReceipt(answer.bytes);
    const byPayer = new Map(receipt.streams.map(({ publicKey, paidSats }) => [publicKey, paidSats]));
    for (const [index, viewer] of viewers.entries()) {
      const key = Buffer.from(viewer.identity.publicKey).toString('hex');
      expect(byPayer.get(key)).toBe(paid[index]);
    }
    expect(receipt.totals.paidSats).toBe(paid.reduce((sum, sats) => sum + sats, 0));
    expect(byPayer.get(Buffer.from(giver.identity.publicKey).toString('hex'))).toBeGreaterThanOrEqual(
      1_234 + 777,
    );
    expect((await engine.reconcile()).balanced).toBe(true);
  }, 90_000);
});
