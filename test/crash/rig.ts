/** One engine process with a few viewers, for tests of single faults. Everything is gone after `close`. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodePlatform } from '../../src/cli/node-client.ts';
import { Viewer } from '../../src/client/viewer.ts';
import { freePort, until } from '../engine/harness.ts';
import { check } from './checker/check.ts';
import type { Finding } from './checker/findings.ts';
import { EngineProcess, type EngineProcessOptions } from './engine-process.ts';
import { evidenceOf } from './evidence-of.ts';
import { FrameLog } from './frame-log.ts';
import { Office, type OfficeRound } from './office.ts';
import { pause } from './patience.ts';
import { PaymentWatch } from './signals.ts';

const FUND_SATS = 20_000;
const RESUME_WITHIN_MS = 30_000;
const SETTLED_WITHIN_MS = 60_000;
const FLAGS = ['--block-interval-ms', '300', '--log-level', 'warn', '--ack-interval-ms', '500'];

const BODY = { title: 'A fault', startsInSeconds: 0, closingSeconds: 1, payoutMinSats: 1 };

export class Rig {
  readonly options: EngineProcessOptions;
  readonly log: FrameLog;
  readonly payments: PaymentWatch = new PaymentWatch();
  readonly viewers: Viewer[] = [];
  readonly #folder: string | null;
  #engine: EngineProcess | null = null;
  #office: Office | null = null;

  private constructor(options: EngineProcessOptions, folder: string | null) {
    this.options = options;
    this.#folder = folder;
    this.log = new FrameLog((sentAtMs) => this.payments.durable(sentAtMs));
  }

  /** `dataDir`: one that the caller makes and removes. */
  static async make(
    options: {
      readonly dataDir?: string;
      readonly flags?: readonly string[];
      readonly nodeFlags?: readonly string[];
    } = {},
  ): Promise<Rig> {
    const folder = options.dataDir === undefined ? mkdtempSync(join(tmpdir(), 'ringside-crash-')) : null;
    const dataDir = options.dataDir ?? folder ?? '';
    const [apiPort, edgePort] = [await freePort(), await freePort()];
    const flags = [...FLAGS, ...(options.flags ?? [])];
    return new Rig({ dataDir, apiPort, edgePort, flags, nodeFlags: options.nodeFlags ?? [] }, folder);
  }

  get engine(): EngineProcess {
    if (this.#engine === null) throw new Error('the engine has not been started');
    return this.#engine;
  }

  get office(): Office {
    this.#office ??= new Office(
      `http://127.0.0.1:${this.options.apiPort}`,
      readFileSync(join(this.options.dataDir, 'admin-token'), 'utf8').trim(),
    );
    return this.#office;
  }

  /** Throws what it said when it did not start. */
  async start(): Promise<void> {
    if (await this.launch()) return;
    throw new Error(this.engine.output);
  }

  /** False when it ended before it was ready. */
  launch(): Promise<boolean> {
    this.#engine = new EngineProcess(this.options);
    return this.#engine.ready;
  }

  async round(seconds: number): Promise<OfficeRound> {
    const participants = ['a1', 'b2'].map((byte) => ({ name: byte, account: byte.repeat(20) }));
    return this.office.createRound({ ...BODY, durationSeconds: seconds, participants });
  }

  /** So many viewers who watch the round and have given something, acknowledged. */
  async watching(round: OfficeRound, count: number): Promise<readonly Viewer[]> {
    const platform = { ...nodePlatform, openSocket: this.log.overhear(nodePlatform.openSocket) };
    const url = `ws://127.0.0.1:${this.options.edgePort}/v1/ws`;
    const joined = Array.from({ length: count }, () => new Viewer({ url, platform, giftBudgetSats: 8_000 }));
    this.viewers.push(...joined);
    await Promise.all(
      joined.map(async (viewer, at) => {
        await this.office.fund(viewer.account, FUND_SATS);
        await viewer.connect();
        await viewer.follow(round.roundId);
        await viewer.watch(at % 2);
        const gift = await viewer.gift(at % 2, 100 + at);
        if (!gift.ok) throw new Error(`the gift was refused: ${gift.code}`);
      }),
    );
    return joined;
  }

  /** Throws when no word that is sent from now on is acknowledged. */
  async untilPaying(): Promise<void> {
    if ((await this.payments.first(performance.now(), RESUME_WITHIN_MS)) !== null) return;
    throw new Error(`no payment was acknowledged:\n${this.engine.output.slice(-2_000)}`);
  }

  /** Until everybody's round is settled as its viewers see it. */
  async untilSettled(viewers: readonly Viewer[]): Promise<void> {
    const settled = viewers.map((viewer) => until(viewer, () => viewer.state?.phase === 'settled'));
    const late = pause(SETTLED_WITHIN_MS).then(() => {
      const seen = viewers.map(({ connection, state }) => `${connection.kind} ${state?.phase ?? 'nothing'}`);
      throw new Error(
        `not settled as seen by viewers: ${seen.join(', ')}\n${this.engine.output.slice(-2_000)}`,
      );
    });
    await Promise.race([Promise.all(settled), late]);
  }

  /** Stops the engine when every round is settled, and has the checker judge. */
  async judge(): Promise<readonly Finding[]> {
    const evidence = await evidenceOf({
      office: this.office,
      log: this.log,
      dataDir: this.options.dataDir,
      stop: async () => {
        this.engine.signal('SIGTERM');
        await this.engine.exited;
      },
    });
    return check(evidence).list;
  }

  async close(): Promise<void> {
    for (const viewer of this.viewers) viewer.close();
    if (this.#engine?.running === true) await this.#engine.kill();
    if (this.#folder !== null) rmSync(this.#folder, { recursive: true, force: true });
  }
}
