// The whole process is killed in the middle of a round and started again: the round goes on where it was.
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Api } from '../../src/client/api.ts';
import type { Viewer } from '../../src/client/viewer.ts';
import {
  freePort,
  killHard,
  minedReceipt,
  newViewer,
  parseReceipt,
  spawnEngine,
  temporaryFolder,
  until,
} from './harness.ts';

/** Long enough for two starts of the engine on a busy machine. */
const SECONDS = 30;
const TEST_TIMEOUT_MS = 120_000;

describe('an engine killed with SIGKILL in the middle of a round', () => {
  const folder = temporaryFolder();
  const viewers: Viewer[] = [];
  const running: { engine: ChildProcess | null } = { engine: null };
  afterAll(async () => {
    for (const viewer of viewers) viewer.close();
    if (running.engine !== null) await killHard(running.engine);
    folder.remove();
  });

  it(
    'continues the round, its viewers resume by themselves, and what was acknowledged is settled',
    async () => {
      const ports = { api: await freePort(), edge: await freePort() };
      running.engine = await spawnEngine(folder.path, ports);
      const adminToken = readFileSync(join(folder.path, 'admin-token'), 'utf8').trim();
      const api = new Api({ baseUrl: `http://127.0.0.1:${ports.api}`, adminToken });
      const wsUrl = `ws://127.0.0.1:${ports.edge}/v1/ws`;
      const created = await api.createRound({
        title: 'Killed and alive',
        participants: [
          { name: 'Left', account: '11'.repeat(20) },
          { name: 'Right', account: '22'.repeat(20) },
        ],
        durationSeconds: SECONDS,
        startsInSeconds: 0,
      });
      if (!created.ok) throw new Error(created.message);
      const { roundId } = created.data.terms;

      const ended: Promise<number>[] = [];
      for (let index = 0; index < 8; index++) {
        const viewer = newViewer(wsUrl);
        viewers.push(viewer);
        ended.push(new Promise((resolve) => viewer.on('ended', ({ paidSats }) => resolve(paidSats))));
        const account = await api.fundDevAccount({ account: viewer.account, sats: 10_000 });
        expect(account.ok).toBe(true);
        expect(await viewer.connect()).toEqual({ ok: true });
        expect(await viewer.follow(roundId)).toEqual({ ok: true });
        expect(await viewer.watch(index % 2)).toEqual({ ok: true });
      }
      const [giver] = viewers;
      if (giver === undefined) throw new Error('no viewer');
      await until(giver, () => (giver.paid?.acknowledgedSats ?? 0) >= 1);
      expect(await giver.gift(1, 555)).toEqual({ ok: true });

      // Twice, the second time while it recovers or shortly after.
      for (let kill = 0; kill < 2; kill++) {
        const acknowledged = viewers.map(({ paid }) => paid?.acknowledgedSats ?? 0);
        await killHard(running.engine);
        running.engine = await spawnEngine(folder.path, ports);
        await Promise.all(
          viewers.map((viewer) =>
            until(viewer, () => viewer.connection.kind === 'ready' && viewer.paid !== null),
          ),
        );
        for (const [index, viewer] of viewers.entries()) {
          expect(viewer.paid?.acknowledgedSats ?? 0).toBeGreaterThanOrEqual(acknowledged[index] ?? 0);
        }
      }
      const gift = giver.gift(0, 321);

      const acknowledged = viewers.map(({ paid }) => paid?.acknowledgedSats ?? 0);
      const paid = await Promise.all(ended);
      expect(await gift).toEqual({ ok: true });
      const receipt = parseReceipt(await minedReceipt(api, roundId));
      const byPayer = new Map(receipt.streams.map(({ publicKey, paidSats }) => [publicKey, paidSats]));
      for (const [index, viewer] of viewers.entries()) {
        const key = Buffer.from(viewer.identity.publicKey).toString('hex');
        expect(byPayer.get(key)).toBe(paid[index]);
        expect(paid[index]).toBeGreaterThanOrEqual(acknowledged[index] ?? 0);
        const balances = await api.balances(viewer.account);
        if (!balances.ok) throw new Error(balances.message);
        expect(balances.data.heldSats).toBe(0);
        expect(balances.data.availableSats).toBe(10_000 - (paid[index] ?? 0));
      }
      expect(paid[0]).toBeGreaterThanOrEqual(555 + 321);
      expect(receipt.streams).toHaveLength(viewers.length); // nobody had to open a second one
    },
    TEST_TIMEOUT_MS,
  );
});
