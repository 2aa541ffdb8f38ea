// What the dev chain has accepted is there after its process was killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import type { Txid } from '../core/ids.ts';
import { systemClock } from '../platform/clock.ts';
import { systemRandom } from '../platform/random.ts';
import type { Logger } from '../ports/logger.ts';
import { openDevChain } from './dev-chain.ts';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Funds for ever and prints each txid once it is accepted, and each height once it is mined. */
const PROGRAM = `
const { openDevChain } = await import(process.argv[1]);
const { systemClock } = await import(process.argv[2]);
const logger = { debug() {}, info() {}, warn() {}, error() {} };
const random = { bytes: (count) => crypto.getRandomValues(new Uint8Array(count)) };
const chain = await openDevChain({ path: process.argv[3], clock: systemClock, random, logger, blockIntervalMs: 0 });
for (let no = 1; ; no++) {
  console.log((await chain.fund('11'.repeat(20), [1000 + no])).txid);
  if (no % 5 === 0) console.log(await chain.mine());
}`;

it('keeps every accepted transaction and mined block when its process is killed', async () => {
  const path = await mkdtemp(join(tmpdir(), 'kill-'));
  const modules = ['./dev-chain.ts', '../platform/clock.ts'].map(
    (file) => new URL(file, import.meta.url).href,
  );
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, ...modules, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (said.push(line) === 32) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');

  const chain = await openDevChain({
    path,
    clock: systemClock,
    random: systemRandom,
    logger: silent,
    blockIntervalMs: 0,
  });
  const heights = said.filter((line) => line.length < 64).map(Number);
  const txids = said.filter((line) => line.length === 64) as Txid[];
  expect(heights.length).toBeGreaterThan(2);
  expect(await chain.currentHeight()).toBeGreaterThanOrEqual(heights.at(-1) ?? -1);
  for (const [no, txid] of txids.entries()) {
    const height = heights[Math.floor(no / 5)];
    const status = await chain.status(txid);
    if (height === undefined) expect(status).toBeDefined();
    else expect(status).toMatchObject({ status: 'mined', blockHeight: height });
  }
  await chain.mine();
  await chain.close();
  await rm(path, { recursive: true });
});
