/**
 * Simulated viewers: real connections, real keys and real words through the client SDK. Owned by one thread
 * of its own (`crowd-thread.ts`), so that they do not take time from the engine's threads but from the machine.
 */
import type { AccountId, RoundId } from '../core/ids.ts';
import { Viewer } from '../client/viewer.ts';
import type { ClientPlatform } from '../client/platform.ts';
import type { Timer } from '../ports/clock.ts';
import { type PlannedAct, planCrowd } from './crowd-plan.ts';
import { GiftLatency } from './gift-latency.ts';
import type { BattleReport, CrowdData, FromCrowd, ToCrowd } from './messages.ts';

type Battle = Extract<ToCrowd, { kind: 'battle' }>;

/** Viewers that connect at the same time, so that a start is not a storm. */
const CONNECTING_MAX = 64;
/** How long after the planned end a stream may take to be over (overtime, closing, settling). */
const OVER_WITHIN_MS = 60_000;

const NAMES = ['Aki', 'Bela', 'Chidi', 'Dara', 'Edda', 'Femi', 'Gita', 'Hugo', 'Inés', 'Jun', 'Kaya', 'Lior'];

export class Crowd {
  readonly #platform: ClientPlatform;
  readonly #data: CrowdData;
  readonly #tell: (message: FromCrowd) => void;
  readonly #viewers: Viewer[];

  constructor(options: {
    readonly data: CrowdData;
    readonly platform: ClientPlatform;
    readonly tell: (message: FromCrowd) => void;
  }) {
    this.#platform = options.platform;
    this.#data = options.data;
    this.#tell = options.tell;
    this.#viewers = Array.from(
      { length: options.data.viewers },
      (_, index) =>
        new Viewer({
          url: options.data.wsUrl,
          platform: options.platform,
          agent: 'ringside-demo',
          name: `${NAMES[index % NAMES.length]} ${Math.floor(index / NAMES.length) + 1}`,
          giftBudgetSats: 6_000,
        }),
    );
    this.#tell({ kind: 'accounts', accounts: this.#viewers.map(({ account }): AccountId => account) });
  }

  /** Connects everybody; resolves when nobody is left to wait for. */
  async connect(): Promise<void> {
    await inParallel(this.#viewers, CONNECTING_MAX, async (viewer) => void (await viewer.connect()));
    const connected = this.#viewers.filter(({ connection }) => connection.kind === 'ready').length;
    this.#tell({ kind: 'connected', connected });
  }

  /** Plays one battle to its end and reports. */
  async play(battle: Battle): Promise<void> {
    const plan = planCrowd({
      seed: battle.seed,
      viewers: this.#viewers.length,
      participants: battle.participants,
      durationMs: battle.endsAtMs - battle.startsAtMs,
      giftShare: this.#data.giftShare,
    });
    const watch = new BattleWatch(this.#viewers, battle.roundId, this.#platform);
    const first = new Map(
      plan.filter(({ atMs }) => atMs === 0).map(({ viewer, act }) => [viewer, act.target]),
    );
    const watching = await inParallel(this.#viewers, CONNECTING_MAX, async (viewer, index) => {
      const followed = await viewer.follow(battle.roundId);
      return followed.ok && (await viewer.watch(first.get(index) ?? 0)).ok;
    });
    const connected = watching.filter(Boolean).length;
    const later = plan.filter(({ atMs }) => atMs > 0);
    await this.#follow(later, battle.startsAtMs, watch);
    await watch.everybodyOver(battle.endsAtMs + OVER_WITHIN_MS);
    this.#tell({ kind: 'over', report: watch.report(connected) });
  }

  close(): void {
    for (const viewer of this.#viewers) viewer.close();
  }

  /** Acts when it is time, with one timer for the whole crowd. */
  async #follow(plan: readonly PlannedAct[], startsAtMs: number, watch: BattleWatch): Promise<void> {
    for (const { atMs, viewer: index, act } of plan) {
      const waitMs = startsAtMs + atMs - this.#platform.clock.nowMs();
      if (waitMs > 0) await new Promise<void>((resolve) => this.#platform.clock.after(waitMs, resolve));
      const viewer = this.#viewers[index];
      if (viewer === undefined) continue;
      switch (act.kind) {
        case 'watch':
          watch.track(viewer.watch(act.target));
          break;
        case 'vote':
          watch.track(viewer.voteFor(act.target).then((outcome) => void (outcome.ok && watch.votes++)));
          break;
        case 'clap':
          watch.track(viewer.clap(act.target, act.claps).then((counted) => void (watch.claps += counted)));
          break;
        case 'gift':
          watch.gift(index, act.target, act.sats);
          break;
        default:
          act satisfies never;
      }
    }
  }
}

/** Everything that is counted in one battle. */
class BattleWatch {
  votes = 0;
  claps = 0;
  readonly #viewers: readonly Viewer[];
  readonly #roundId: RoundId;
  readonly #platform: ClientPlatform;
  readonly #latency = new GiftLatency();
  readonly #before: { readonly ticksSent: number; readonly ticksAccepted: number; readonly gifts: number };
  readonly #stopListening: (() => void)[] = [];
  readonly #errors: Record<string, number> = {};
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #over = new Set<number>();
  #giftsSent = 0;
  #paidSats = 0;
  #sentSats = 0;
  #allOver: (() => void) | null = null;

  constructor(viewers: readonly Viewer[], roundId: RoundId, platform: ClientPlatform) {
    this.#viewers = viewers;
    this.#roundId = roundId;
    this.#platform = platform;
    this.#before = this.#totals();
    for (const [index, viewer] of viewers.entries()) {
      const sent = { sats: 0 };
      this.#stopListening.push(
        viewer.on('paid', ({ sentSats }) => {
          sent.sats = sentSats;
        }),
        viewer.on('state', ({ delta }) => {
          const nowMs = platform.clock.monotonicMs();
          for (const gift of delta?.gifts ?? []) this.#latency.seen(index, gift, nowMs);
        }),
        viewer.on('error', ({ code }) => {
          this.#errors[code] = (this.#errors[code] ?? 0) + 1;
        }),
        viewer.on('ended', ({ roundId: ended, paidSats }) => {
          if (ended !== this.#roundId || this.#over.has(index)) return;
          this.#over.add(index);
          this.#paidSats += paidSats;
          this.#sentSats += sent.sats;
          if (this.#over.size === this.#viewers.length) this.#allOver?.();
        }),
      );
    }
  }

  track(act: Promise<unknown>): void {
    const settled = act.finally(() => this.#underWay.delete(settled));
    this.#underWay.add(settled);
  }

  gift(from: number, target: number, giftSats: number): void {
    const viewer = this.#viewers[from];
    if (viewer === undefined) return;
    const observer = (from + 1) % this.#viewers.length;
    const sentAtMs = this.#platform.clock.monotonicMs();
    this.#giftsSent++;
    this.#latency.sent({ from: viewer.account, observer, sats: giftSats, sentAtMs });
    this.track(viewer.gift(target, giftSats));
  }

  /** Resolves when every stream is over, or at the deadline. */
  async everybodyOver(deadlineMs: number): Promise<void> {
    let timer: Timer | null = null;
    if (this.#over.size < this.#viewers.length) {
      await new Promise<void>((resolve) => {
        this.#allOver = resolve;
        timer = this.#platform.clock.after(deadlineMs - this.#platform.clock.nowMs(), resolve);
      });
      (timer as Timer | null)?.cancel();
    }
    await Promise.all(this.#underWay);
  }

  report(connected: number): BattleReport {
    for (const stop of this.#stopListening) stop();
    const after = this.#totals();
    return {
      roundId: this.#roundId,
      connected,
      ticksSent: after.ticksSent - this.#before.ticksSent,
      ticksAccepted: after.ticksAccepted - this.#before.ticksAccepted,
      giftsSent: this.#giftsSent,
      giftsAccepted: after.gifts - this.#before.gifts,
      votes: this.votes,
      claps: this.claps,
      sentSats: this.#sentSats,
      paidSats: this.#paidSats,
      latenciesMs: this.#latency.samplesMs,
      errors: this.#errors,
    };
  }

  #totals(): { ticksSent: number; ticksAccepted: number; gifts: number } {
    const totals = { ticksSent: 0, ticksAccepted: 0, gifts: 0 };
    for (const { stats } of this.#viewers) {
      totals.ticksSent += stats.ticksSent;
      totals.ticksAccepted += stats.ticksAccepted;
      totals.gifts += stats.giftsAccepted;
    }
    return totals;
  }
}

/** Runs `work` on each item, at most `width` at a time; results in the order of the items. */
async function inParallel<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      const item = items[at];
      if (item !== undefined) results[at] = await work(item, at);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return results;
}
