/**
 * A person with the real client: watches, claps, votes, gives, turns away, closes the page and comes back to what its
 * browser remembers. What it does and when is chance; how it pays is the production SDK.
 */
import { keyValueStorage } from '../client/storage.ts';
import { Viewer } from '../client/viewer.ts';
import type { ClientPlatform } from '../client/platform.ts';
import type { RoundId } from '../core/ids.ts';
import { sha256 } from '../platform/hash.ts';
import { nativeSignatures } from '../platform/signatures.ts';
import { newIdentity, type Identity } from '../client/identity.ts';
import type { Chance } from './chance.ts';
import type { Network } from './network.ts';
import type { ViewerPlan } from './plan.ts';
import type { RunContext } from './run-context.ts';
import { Life } from './scheduler.ts';
import { Machine, simClock } from './sim-clock.ts';

export interface SimViewer {
  readonly identity: Identity;
  /** Begins to act. */
  begin(): void;
}

export class HonestViewer implements SimViewer {
  readonly identity: Identity;
  readonly #context: RunContext;
  readonly #plan: ViewerPlan;
  readonly #network: Network;
  readonly #no: number;
  readonly #chance: Chance;
  readonly #machine: Machine;
  /** What the browser keeps when the page is closed. */
  readonly #kept = new Map<string, string>();
  #page: { readonly life: Life; readonly viewer: Viewer } | null = null;
  #pages = 0;
  #roundId: RoundId;

  constructor(context: RunContext, network: Network, plan: ViewerPlan, no: number) {
    this.#context = context;
    this.#network = network;
    this.#plan = plan;
    this.#no = no;
    this.#chance = context.chance.fork();
    this.#machine = new Machine(plan);
    this.identity = newIdentity({ random: this.#chance.asRandom(), sha256, signatures: nativeSignatures });
    this.#roundId = this.#roundAt(plan.round);
  }

  begin(): void {
    this.#openPage();
    this.#actLater();
  }

  #roundAt(index: number): RoundId {
    const round = this.#context.plan.rounds[index];
    return (round ?? this.#context.plan.rounds[0] ?? never()).terms.roundId;
  }

  #openPage(): void {
    const { scheduler, trace, observer, world } = this.#context;
    const life = new Life(`viewer-${this.#no}.${++this.#pages}`, world);
    const platform: ClientPlatform = {
      clock: simClock(scheduler, this.#machine, life),
      random: this.#chance.fork().asRandom(),
      sha256,
      signatures: nativeSignatures,
      openSocket: this.#network.opener(life),
    };
    const kept = this.#kept;
    const storage = keyValueStorage(
      {
        getItem: (name) => kept.get(name) ?? null,
        setItem: (name, value) => void kept.set(name, value),
        removeItem: (name) => void kept.delete(name),
      },
      'sim:',
    );
    const viewer = new Viewer({
      url: 'ws://sim',
      network: 'dev',
      storage,
      identity: this.identity,
      platform,
      name: `v${this.#no}`,
      giftBudgetSats: this.#plan.giftBudgetSats,
      watchSecondsMax: this.#plan.watchSecondsMax,
      clockSamples: 3,
    });
    const say = (text: () => string): void => trace.line(scheduler.nowMs, life.name, text);
    viewer.on('state', ({ state }) => observer.shown(life.name, state));
    viewer.on('error', ({ code }) => say(() => `error ${code}`));
    viewer.on('gift', ({ sats, status, code }) => say(() => `gift of ${sats} ${status} ${code ?? ''}`));
    viewer.on('ended', ({ reason, paidSats }) => say(() => `stream ended: ${reason}, paid ${paidSats}`));
    this.#page = { life, viewer };
    void viewer.connect();
    this.#follow(viewer);
  }

  #follow(viewer: Viewer): void {
    const target = this.#chance.chance(0.9) ? this.#target() : null;
    void viewer.follow(this.#roundId).then(async (outcome) => {
      if (outcome.ok && target !== null) await viewer.watch(target);
    });
  }

  /** The page is gone; the network notices at once, later, or not at all. */
  #closePage(): void {
    const page = this.#page;
    if (page === null) return;
    this.#page = null;
    if (this.#chance.chance(0.3)) page.viewer.close();
    page.life.end();
    for (const connection of this.#network.connections) {
      if (connection.viewer !== page.life) continue;
      if (this.#chance.chance(0.5)) connection.drop();
      else connection.goHalfOpen();
    }
  }

  #target(): number {
    const round = this.#context.plan.rounds.find(({ terms }) => terms.roundId === this.#roundId);
    return this.#chance.below(round?.terms.participants.length ?? 2);
  }

  #actLater(): void {
    const { scheduler, world } = this.#context;
    scheduler.after(world, this.#chance.delay(this.#plan.actEveryMs), `viewer-${this.#no} acts`, () => {
      this.#act();
      this.#actLater();
    });
  }

  #act(): void {
    const chance = this.#chance;
    const viewer = this.#page?.viewer;
    if (viewer === undefined) return this.#openPage();
    if (viewer.state === null) return this.#follow(viewer); // the round was not there yet
    const dice = chance.below(100);
    if (dice < 25) void viewer.gift(this.#target(), this.#giftSats());
    else if (dice < 45) void viewer.clap(this.#target(), chance.between(1, 20));
    else if (dice < 55) void viewer.voteFor(this.#target());
    else if (dice < 70) void viewer.watch(this.#target());
    else if (dice < 75) viewer.stop();
    else if (dice < 80) viewer.pause(chance.chance(0.5));
    else if (dice < 85) viewer.dropConnection();
    else if (dice < 90) void viewer.leave();
    else if (dice < 94) this.#turn(viewer);
    else if (this.#context.faults.on) this.#closePage();
  }

  #giftSats(): number {
    return this.#chance.pick([1, 7, 100, 999, 1_000, 1_001, 2_345, this.#chance.between(1, 5_000)]);
  }

  #turn(viewer: Viewer): void {
    const roundId = this.#roundAt(this.#chance.below(this.#context.plan.rounds.length));
    if (roundId === this.#roundId) return;
    this.#roundId = roundId;
    if (this.#page !== null) this.#context.observer.forgets(this.#page.life.name, roundId);
    this.#follow(viewer);
  }
}

function never(): never {
  throw new Error('a run has rounds');
}
