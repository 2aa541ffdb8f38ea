// Engines for tests: free ports, a temporary directory, everything gone afterwards.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Api } from '../../src/client/api.ts';
import { nodePlatform } from '../../src/cli/node-client.ts';
import { nodeVerifyTools } from '../../src/cli/verify-tools.ts';
import { Viewer, type ViewerOptions } from '../../src/client/viewer.ts';
import { loadConfig } from '../../src/config.ts';
import type { RoundId } from '../../src/core/ids.ts';
import { demoTerms } from '../../src/demo/terms.ts';
import { type Engine, startEngine } from '../../src/engine.ts';
import { type Receipt, RECEIPT_FORMAT } from '../../src/settlement/receipt.ts';
import { verifyReceipt } from '../../src/settlement/verify-receipt.ts';
import type { RoundTerms } from '../../src/round/terms.ts';
import type { Config } from '../../src/settings.ts';

const PLATFORM_ACCOUNT = '00'.repeat(19) + '01';

export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'ringside-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function bootEngine(dataDir: string, overrides: Partial<Config> = {}): Promise<Engine> {
  const config = loadConfig({}, [], {
    apiPort: 0,
    edgePort: 0,
    dataDir,
    demo: false,
    blockIntervalMs: 300,
    logLevel: 'silent',
    ...overrides,
  });
  return startEngine(config, { page: false });
}

/** A port that was free a moment ago, for an engine that has to come back at the same address. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** `npm start` as a process of its own that can be killed. */
export async function spawnEngine(
  dataDir: string,
  ports: { api: number; edge: number },
  demo: '--no-demo' | '--demo' = '--no-demo',
): Promise<ChildProcess> {
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
  const flags = {
    '--api-port': ports.api,
    '--edge-port': ports.edge,
    '--data-dir': dataDir,
    '--block-interval-ms': 300,
    '--log-level': 'warn',
  };
  const child = spawn(process.execPath, [main, demo, ...Object.entries(flags).flat().map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] },
  });
  let output = '';
  for await (const chunk of child.stdout ?? []) {
    output += String(chunk);
    if (output.includes('Ctrl-C stops it')) return child;
  }
  throw new Error(`the engine did not start: ${output}`);
}

export async function killHard(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Ctrl-C, or a service manager: the exit code, null when it died of a signal. */
export async function stopGently(child: ChildProcess, signal: 'SIGINT' | 'SIGTERM'): Promise<number | null> {
  const exited = once(child, 'exit');
  child.kill(signal);
  const [code] = (await exited) as [number | null];
  return code;
}

/** Terms that start at once. */
export function quickTerms(options: {
  readonly roundId: string;
  readonly seconds: number;
  readonly no?: number;
}): RoundTerms {
  const nowMs = Date.now();
  return {
    ...demoTerms({
      roundId: options.roundId as RoundId,
      no: options.no ?? 0,
      lobbyAtMs: nowMs,
      startsAtMs: nowMs,
      durationMs: options.seconds * 1_000,
      payoutMinSats: 5,
      platformAccount: PLATFORM_ACCOUNT as RoundTerms['platformAccount'],
    }),
    overtime: null,
    closingMs: 1_000,
  };
}

export function newViewer(wsUrl: string, options: Partial<ViewerOptions> = {}): Viewer {
  return new Viewer({ url: wsUrl, platform: nodePlatform, giftBudgetSats: 3_000, ...options });
}

/** Resolves when `reached` is true of what the viewer has at one of its events. */
export function until(viewer: Viewer, reached: () => boolean): Promise<void> {
  if (reached()) return Promise.resolve();
  return new Promise((resolve) => {
    const check = (): void => {
      if (!reached()) return;
      for (const off of offs) off();
      resolve();
    };
    const offs = (['state', 'paid', 'connection', 'stream', 'gift', 'ended'] as const).map((name) =>
      viewer.on(name, check),
    );
  });
}

/** Asks until the receipt says that everything is mined; the harness's blocks come every 300 ms. */
export async function minedReceipt(api: Api, roundId: RoundId): Promise<Uint8Array> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = await api.receipt(roundId);
    if (answer.ok && Buffer.from(answer.data).includes('"status":"mined"')) return answer.data;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the receipt was not complete in time');
}

/** What the streams of a viewer paid, as the receipt has it. */
export function paidInReceipt(receipt: Receipt, viewer: Viewer): number {
  const key = Buffer.from(viewer.identity.publicKey).toString('hex');
  return receipt.streams.reduce(
    (sum, { publicKey, paidSats }) => sum + (publicKey === key ? paidSats : 0),
    0,
  );
}

export function parseReceipt(bytes: Uint8Array): Receipt {
  const verdict = verifyReceipt(bytes, nodeVerifyTools);
  const failed = verdict.checks.filter(({ ok }) => !ok);
  if (!verdict.ok) throw new Error(`the receipt does not verify: ${JSON.stringify(failed)}`);
  const receipt = JSON.parse(Buffer.from(bytes).toString('utf8')) as Receipt;
  if (receipt.format !== RECEIPT_FORMAT) throw new Error('not a receipt');
  return receipt;
}
