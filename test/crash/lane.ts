/**
 * A group of viewers that plays one round after another through the SDK: they watch, give, clap, vote, change sides,
 * pause, close streams and lose connections. Several lanes make rounds overlap.
 */
import { nodePlatform } from '../../src/cli/node-client.ts';
import { Viewer } from '../../src/client/viewer.ts';
import type { Prng } from '../../src/core/prng.ts';
import type { FrameLog } from './frame-log.ts';
import type { Office, OfficeRound } from './office.ts';
import { pause, poll } from './patience.ts';

const PARTICIPANT_ACCOUNTS = ['a1', 'b2', 'c3', 'd4', 'e5', 'f6'].map((byte) => byte.repeat(20));
const FUND_SATS = 40_000;
const GIFT_BUDGET_SATS = 9_000;
/** Between two acts of one viewer. */
const ACT_MS = { min: 200, max: 2_500 };
/** A round that is not over by then is left to the final wait, which reports it. */
const OVER_WITHIN_MS = 120_000;

export interface LaneOptions {
  readonly office: Office;
  readonly log: FrameLog;
  readonly wsUrl: string;
  readonly viewers: number;
  readonly seconds: { readonly min: number; readonly max: number };
  readonly random: Prng;
  /** Hears the phase of a round from its frames. */
  readonly onPhase: (phase: string) => void;
}

export class Lane {
  readonly viewers: readonly Viewer[];
  readonly errors: Record<string, number> = {};
  readonly #options: LaneOptions;
  #playing = true;

  constructor(options: LaneOptions) {
    this.#options = options;
    const platform = { ...nodePlatform, openSocket: options.log.overhear(nodePlatform.openSocket) };
    this.viewers = Array.from(
      { length: options.viewers },
      () =>
        new Viewer({
          url: options.wsUrl,
          platform,
          agent: 'crash',
          giftBudgetSats: GIFT_BUDGET_SATS,
          clockSamples: 2,
        }),
    );
    for (const viewer of this.viewers) {
      viewer.on('error', ({ code }) => {
        this.errors[code] = (this.errors[code] ?? 0) + 1;
      });
    }
    let phase = '';
    this.viewers[0]?.on('state', ({ state }) => {
      if (state.phase === phase) return;
      ({ phase } = state);
      options.onPhase(phase);
    });
  }

  /** Plays until `finish`, and the round under way to its end. */
  async play(): Promise<void> {
    await Promise.all(this.viewers.map((viewer) => viewer.connect()));
    while (this.#playing) await this.#playRound();
  }

  /** No round after this one. */
  finish(): void {
    this.#playing = false;
  }

  close(): void {
    for (const viewer of this.viewers) viewer.close();
  }

  async #playRound(): Promise<void> {
    const { office, random } = this.#options;
    await this.#refill();
    const participants = 2 + random.below(3);
    const round = await office.createRound(await this.#roundBody(participants));
    const cancelAtMs = random.chance(0.08) ? performance.now() + 1_000 + random.below(6_000) : null;
    const over = { yes: false };
    const acting = this.viewers.map((viewer) => this.#act(viewer, { round, participants, over }));
    await poll(
      async () => {
        if (cancelAtMs !== null && !round.cancelOrdered && performance.now() > cancelAtMs) {
          await office.cancelRound(round);
        }
        const { phase } = await office.refresh(round);
        return phase === 'settling' || phase === 'settled' || phase === 'cancelled' ? phase : undefined;
      },
      { timeoutMs: OVER_WITHIN_MS, everyMs: 150 },
    );
    over.yes = true;
    await Promise.all(acting);
  }

  async #roundBody(participants: number): Promise<object> {
    const { office, random, seconds } = this.#options;
    const durationSeconds = seconds.min + random.below(seconds.max - seconds.min + 1);
    const byHeight = random.chance(0.15);
    const first = random.below(PARTICIPANT_ACCOUNTS.length);
    const body = {
      title: 'Killed and alive',
      participants: Array.from({ length: participants }, (_, at) => ({
        name: `P${at + 1}`,
        account: PARTICIPANT_ACCOUNTS[(first + at) % PARTICIPANT_ACCOUNTS.length] ?? '',
      })),
      startsInSeconds: 1,
      closingSeconds: 1 + random.below(2),
      directBps: 4_000 + random.below(501),
      payoutMinSats: [1, 50, 400][random.below(3)] ?? 1,
      overtime: random.chance(0.3) ? { windowSeconds: 2, extendSeconds: 2, extensionsMax: 2 } : null,
    };
    if (!byHeight) return Object.assign(body, { durationSeconds });
    // A block each 300 ms while the engine lives.
    const chainHeight = await chainHeightOf(office);
    return Object.assign(body, { overtime: null, endHeight: chainHeight + durationSeconds * 3 + 10 });
  }

  async #refill(): Promise<void> {
    const { office } = this.#options;
    await Promise.all(
      this.viewers.map(async ({ account }) => {
        const balances = await office.insist(() => office.api.balances(account));
        if (balances.availableSats < FUND_SATS / 2) await office.fund(account, FUND_SATS);
      }),
    );
  }

  async #act(
    viewer: Viewer,
    { round, participants, over }: { round: OfficeRound; participants: number; over: { yes: boolean } },
  ): Promise<void> {
    const { random } = this.#options;
    const target = (): number => random.below(participants);
    const followed = viewer.follow(round.roundId);
    const isOver = poll(() => over.yes || undefined, { timeoutMs: 2 * OVER_WITHIN_MS, everyMs: 50 });
    if ((await Promise.race([followed, isOver])) === true) return;
    void viewer.watch(target());
    while (!over.yes) {
      const waitMs = ACT_MS.min + random.below(ACT_MS.max - ACT_MS.min);
      await Promise.race([pause(waitMs), isOver]);
      const dice = random.below(100);
      // Not awaited: while the engine is down an act stays pending, and the viewer goes on.
      if (dice < 38) void viewer.gift(target(), 1 + random.below(random.chance(0.3) ? 2_500 : 300));
      else if (dice < 55) void viewer.clap(target(), 1 + random.below(8));
      else if (dice < 65) void viewer.voteFor(target());
      else if (dice < 78) void viewer.watch(target());
      else if (dice < 84) viewer.dropConnection();
      else if (dice < 90) viewer.pause(!random.chance(0.7));
      else if (dice < 93) void viewer.leave();
    }
    viewer.pause(false);
  }
}

async function chainHeightOf(office: Office): Promise<number> {
  const answer = await poll(
    async () => {
      try {
        const response = await fetch(`${office.baseUrl}/v1/health`);
        const { data } = (await response.json()) as { data?: { chainHeight: number } };
        return data?.chainHeight;
      } catch {
        return undefined; // it is down
      }
    },
    { timeoutMs: OVER_WITHIN_MS, everyMs: 100 },
  );
  return answer ?? 0;
}
