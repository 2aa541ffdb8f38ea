// The checker against a real round: clean evidence is clean, and every planted mistake is found.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodePlatform } from '../../src/cli/node-client.ts';
import type { AccountId } from '../../src/core/ids.ts';
import type { Engine } from '../../src/engine.ts';
import { bootEngine, newViewer, quickTerms, temporaryFolder, until } from '../engine/harness.ts';
import { flyCanaries } from './canaries.ts';
import { check } from './checker/check.ts';
import type { Evidence } from './evidence.ts';
import { FrameLog } from './frame-log.ts';
import { readChain } from './store-watch.ts';

const FUNDED_SATS = 10_000;
const VIEWERS = 5;

describe('the independent checker', () => {
  const folder = temporaryFolder();
  let engine: Engine;
  let evidence: Evidence;
  beforeAll(async () => {
    engine = await bootEngine(folder.path);
    evidence = await playRound(engine);
  });
  afterAll(async () => {
    await engine.stop();
    folder.remove();
  });

  it('finds nothing in a round in which nothing went wrong', () => {
    expect(check(evidence).list).toEqual([]);
    expect(evidence.streams.filter(({ granted }) => granted)).toHaveLength(VIEWERS);
    expect(evidence.streams.every(({ finalPaidSats }) => (finalPaidSats ?? 0) > 0)).toBe(true);
  });

  it('finds every mistake that is planted', () => {
    expect(flyCanaries(evidence).missed).toEqual([]);
  });
});

async function playRound(engine: Engine): Promise<Evidence> {
  const log = new FrameLog(() => undefined);
  const platform = { ...nodePlatform, openSocket: log.overhear(nodePlatform.openSocket) };
  const terms = quickTerms({ roundId: 'checked', seconds: 4 });
  expect(await engine.control.createRound(terms)).toMatchObject({ ok: true });
  const viewers = Array.from({ length: VIEWERS }, () => newViewer(engine.wsUrl, { platform }));
  await Promise.all(
    viewers.map(async (viewer, index) => {
      const { account } = viewer;
      await engine.control.fundDevAccount({ account, sats: FUNDED_SATS, key: account });
      await viewer.connect();
      await viewer.follow(terms.roundId);
      await viewer.watch(index % 2);
      expect(await viewer.gift(index % 2, 100 * (index + 1))).toEqual({ ok: true });
    }),
  );
  const [one] = viewers;
  if (one === undefined) throw new Error('no viewer');
  await until(one, () => one.state?.phase === 'settled');
  const receipt = await engine.control.receipt(terms.roundId);
  if (!receipt.ok) throw new Error(receipt.code);
  const accounts = new Map<AccountId, number>(terms.participants.map(({ account }) => [account, 0]));
  for (const viewer of viewers) {
    accounts.set(viewer.account, FUNDED_SATS);
    viewer.close();
  }
  const balances = [...accounts].map(async ([account, fundedSats]) => ({
    account,
    fundedSats,
    ...(await engine.control.balances(account)),
  }));
  const bytes = Buffer.from(receipt.bytes).toString('utf8');
  return {
    streams: log.streams,
    rounds: [{ roundId: terms.roundId, phase: 'settled', receipt: bytes }],
    accounts: await Promise.all(balances),
    chain: await readChain(join(engine.dataDir)),
  };
}
