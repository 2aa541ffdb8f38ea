// The engine is asked to stop in the middle of a round and started again: nothing is lost, and it ends by itself.
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Api } from '../../src/client/api.ts';
import type { Viewer } from '../../src/client/viewer.ts';
import {
  freePort,
  killHard,
  minedReceipt,
  newViewer,
  paidInReceipt,
  parseReceipt,
  spawnEngine,
  stopGently,
  temporaryFolder,
  until,
} from './harness.ts';

const TEST_TIMEOUT_MS = 60_000;
const FUND_SATS = 10_000;

describe('an engine that is asked to stop', () => {
  const folder = temporaryFolder();
  const viewers: Viewer[] = [];
  const running: { engine: ChildProcess | null } = { engine: null };
  afterEach(async () => {
    if (running.engine?.exitCode === null && running.engine.signalCode === null)
      await killHard(running.engine);
  });
  afterAll(() => {
    for (const viewer of viewers) viewer.close();
    folder.remove();
  });

  // Nobody reads what it says any more (the harness has closed the pipe): like `npm start | tee log` and Ctrl-C.
  it(
    'saves everything, ends with 0, and goes on where it was when it is started again',
    async () => {
      const ports = { api: await freePort(), edge: await freePort() };
      running.engine = await spawnEngine(folder.path, ports);
      const adminToken = readFileSync(join(folder.path, 'admin-token'), 'utf8').trim();
      const api = new Api({ baseUrl: `http://127.0.0.1:${ports.api}`, adminToken });
      const created = await api.createRound({
        title: 'Stopped and started',
        participants: [
          { name: 'Left', account: '11'.repeat(20) },
          { name: 'Right', account: '22'.repeat(20) },
        ],
        durationSeconds: 8,
        startsInSeconds: 0,
        closingSeconds: 1,
      });
      if (!created.ok) throw new Error(created.message);
      const { roundId } = created.data.terms;
      for (let index = 0; index < 6; index++) {
        const viewer = newViewer(`ws://127.0.0.1:${ports.edge}/v1/ws`);
        viewers.push(viewer);
        await api.fundDevAccount({ account: viewer.account, sats: FUND_SATS });
        await viewer.connect();
        expect(await viewer.follow(roundId)).toEqual({ ok: true });
        expect(await viewer.watch(index % 2)).toEqual({ ok: true });
        expect(await viewer.gift(index % 2, 100 + index)).toEqual({ ok: true });
      }
      const ended = viewers.map(
        (viewer) => new Promise<number>((resolve) => viewer.on('ended', ({ paidSats }) => resolve(paidSats))),
      );
      expect(await stopGently(running.engine, 'SIGTERM')).toBe(0);

      running.engine = await spawnEngine(folder.path, ports);
      await Promise.all(viewers.map((viewer) => until(viewer, () => viewer.connection.kind === 'ready')));
      const paid = await Promise.all(ended);
      const receipt = parseReceipt(await minedReceipt(api, roundId));
      for (const [index, viewer] of viewers.entries()) {
        expect(paid[index]).toBeGreaterThanOrEqual(100 + index);
        expect(paidInReceipt(receipt, viewer)).toBe(paid[index]);
        const balances = await api.balances(viewer.account);
        if (!balances.ok) throw new Error(balances.message);
        expect(balances.data).toMatchObject({ availableSats: FUND_SATS - (paid[index] ?? 0), heldSats: 0 });
      }
      expect(await stopGently(running.engine, 'SIGTERM')).toBe(0);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'ends although the demo is only just beginning',
    async () => {
      const demo = temporaryFolder();
      running.engine = await spawnEngine(demo.path, { api: 0, edge: 0 }, '--demo');
      expect(await stopGently(running.engine, 'SIGINT')).toBe(0);
      demo.remove();
    },
    TEST_TIMEOUT_MS,
  );
});
