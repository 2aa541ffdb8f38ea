/**
 * Everything the page knows: rounds from the API, one viewer, balances, and what to tell the person. Components read
 * it and call its methods; a change is announced once per animation frame, however many there were.
 */
import { Api, type ApiRefusal, type ClientConfig } from '../client/api.ts';
import { loadIdentity } from '../client/identity.ts';
import { defaultPlatform } from '../client/platform.ts';
import { keyValueStorage } from '../client/storage.ts';
import { Viewer } from '../client/viewer.ts';
import type { Code } from '../core/errors.ts';
import { type RoundId, isRoundId } from '../core/ids.ts';
import type { RoundResults, RoundSummary } from '../ports/engine.ts';
import type { AccountBalances } from '../ports/store.ts';
import type { PublicState } from '../round/public-state.ts';
import { explain } from './explain.ts';
import { formatSats } from './format.ts';
import { friendlyName } from './friendly-name.ts';
import { type NextRound, isOver, nextOf, firstRound, remember } from './round-choice.ts';

export interface Notice {
  readonly no: number;
  readonly kind: 'info' | 'good' | 'error';
  readonly text: string;
}

/** What the page is doing before it can show a round. */
export type Boot =
  | { readonly kind: 'starting' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly text: string };

const ROUNDS_EVERY_MS = 4_000;
const BALANCE_EVERY_MS = 8_000;
/** After a stream has ended what was set aside for it is free, mostly. */
const RELEASED_MS = 1_500;
const BOOT_RETRY_MS = 3_000;
const NOTICE_MS = 7_000;
const NOTICES_MAX = 3;
/** What a first-time visitor of a development network gets. */
const WELCOME_SATS = 200_000;
/** Of the balance: the rest stays free for other battles. */
const BUDGET_SHARE = 0.6;
const BUDGET_SATS_MAX = 200_000;

export class PageModel {
  readonly api: Api;
  boot: Boot = { kind: 'starting' };
  config: ClientConfig | null = null;
  viewer: Viewer | null = null;
  rounds: readonly RoundSummary[] = [];
  roundId: RoundId | null = null;
  /** Of the shown round. */
  summary: RoundSummary | null = null;
  results: RoundResults | null = null;
  balances: AccountBalances | null = null;
  /** Sats that the faucet gave to this account, when it did so now. */
  welcomeSats: number | null = null;
  notices: readonly Notice[] = [];
  /** The stream is paid from another window. */
  takenElsewhere = false;
  next: NextRound | null = null;
  /** The person chose to look at this round longer. */
  staying = false;
  /** Whom `clap`, `vote` and `gift` are for while nobody is watched. */
  chosen = 0;
  readonly #listeners = new Set<() => void>();
  #announceDue = false;
  #noticeNo = 0;
  #overSinceMs: number | null = null;
  readonly #pinned: boolean;

  constructor(baseUrl = '') {
    this.api = new Api({ baseUrl });
    this.#pinned = isRoundId(new URLSearchParams(location.search).get('round'));
  }

  /** Of the shown round; null before its first frame. */
  get state(): PublicState | null {
    return this.viewer?.state ?? null;
  }

  get target(): number {
    return this.viewer?.watching ?? this.chosen;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  changed(): void {
    if (this.#announceDue) return;
    this.#announceDue = true;
    requestAnimationFrame(() => {
      this.#announceDue = false;
      for (const listener of this.#listeners) listener();
    });
  }

  /* ---- life ---- */

  async start(): Promise<void> {
    const config = await this.api.config();
    if (!config.ok) {
      this.boot = { kind: 'failed', text: explain(config.code) };
      this.changed();
      setTimeout(() => void this.start(), BOOT_RETRY_MS);
      return;
    }
    this.config = config.data;
    const { network, wsUrl } = config.data;
    const storage = keyValueStorage(localStorage, `ringside:${network}:`);
    const identity = loadIdentity(storage, defaultPlatform);
    this.viewer = new Viewer({
      url: wsUrl,
      network,
      storage,
      identity,
      name: friendlyName(identity.account),
      agent: 'ringside-page',
    });
    this.#listen(this.viewer);
    await Promise.all([this.refreshRounds(), this.#welcome()]);
    void this.viewer.connect();
    this.boot = { kind: 'ready' };
    const first = await firstRound(this.api, this.rounds);
    if (first !== null) this.show(first);
    setInterval(() => void this.#poll(), ROUNDS_EVERY_MS);
    setInterval(() => {
      if (!document.hidden) void this.refreshBalances();
    }, BALANCE_EVERY_MS);
    document.addEventListener('visibilitychange', () => {
      this.viewer?.pause(document.hidden);
      if (!document.hidden) void this.#poll();
    });
    this.changed();
  }

  /** Turns to a round. */
  show(roundId: RoundId): void {
    if (this.roundId === roundId) return;
    this.roundId = roundId;
    this.results = null;
    this.next = null;
    this.staying = false;
    this.takenElsewhere = false;
    this.#overSinceMs = null;
    this.summary = this.rounds.find((round) => round.terms.roundId === roundId) ?? null;
    remember(roundId);
    void this.viewer?.follow(roundId);
    void this.#loadSummary(roundId);
    this.changed();
  }

  stay(): void {
    this.staying = true;
    this.changed();
  }

  async refreshRounds(): Promise<void> {
    const page = await this.api.rounds({ limit: 12 });
    if (page.ok) this.rounds = page.data.rounds;
    this.changed();
  }

  async refreshBalances(): Promise<void> {
    if (this.viewer === null) return;
    const balances = await this.api.balances(this.viewer.account);
    if (balances.ok) this.#setBalances(balances.data);
  }

  /* ---- what a person does ---- */

  async watch(target: number): Promise<void> {
    this.chosen = target;
    this.takenElsewhere = false;
    const outcome = await this.viewer?.watch(target);
    if (outcome?.ok === false) this.#refused(outcome.code);
    this.changed();
    void this.refreshBalances(); // of which some is set aside now
  }

  stop(): void {
    this.viewer?.stop();
    this.changed();
  }

  clap(target: number): void {
    this.chosen = target;
    void this.viewer?.clap(target).then(() => this.changed());
  }

  async vote(target: number): Promise<void> {
    this.chosen = target;
    const outcome = await this.viewer?.voteFor(target);
    if (outcome?.ok === false) this.#refused(outcome.code);
    else this.notify('good', `Your vote for ${this.nameOf(target)} is in.`);
  }

  async gift(target: number, sats: number): Promise<void> {
    this.chosen = target;
    const outcome = await this.viewer?.gift(target, sats);
    if (outcome?.ok === false) this.#refused(outcome.code);
    else this.notify('good', `${formatSats(sats)} given to ${this.nameOf(target)}. Booked for good.`);
    void this.refreshBalances();
  }

  /** Development networks: play money. */
  async topUp(sats: number): Promise<boolean> {
    const { config, viewer } = this;
    if (viewer === null || config?.network !== 'dev' || config.faucetSatsMax === null) return false;
    const funded = await this.api.fundDevAccount({
      account: viewer.account,
      sats: Math.min(sats, config.faucetSatsMax),
    });
    if (funded.ok) this.#setBalances(funded.data);
    else this.#refusedByApi(funded);
    return funded.ok;
  }

  notify(kind: Notice['kind'], text: string): void {
    const notice = { no: ++this.#noticeNo, kind, text };
    // The same words again are no second message.
    this.notices = [...this.notices.filter((one) => one.text !== text), notice].slice(-NOTICES_MAX);
    setTimeout(() => this.dismiss(notice.no), NOTICE_MS);
    this.changed();
  }

  dismiss(no: number): void {
    this.notices = this.notices.filter((notice) => notice.no !== no);
    this.changed();
  }

  nameOf(target: number): string {
    return this.state?.participants[target]?.name ?? `participant ${target + 1}`;
  }

  /* ---- inside ---- */

  #listen(viewer: Viewer): void {
    viewer.on('connection', () => this.changed());
    viewer.on('state', ({ delta, state }) => {
      const result = delta === null ? state.result : delta.result;
      if (result && result.status !== 'planned') this.#loadResults();
      this.changed();
    });
    viewer.on('paid', () => this.changed());
    viewer.on('stream', () => this.changed());
    viewer.on('gift', () => this.changed());
    viewer.on('error', ({ code }) => this.#refused(code));
    viewer.on('ended', ({ reason }) => {
      if (reason === 'taken' || reason === 'replaced') this.takenElsewhere = true;
      if (reason === 'cancelled') this.notify('info', 'The battle was cancelled. You paid nothing.');
      void this.refreshBalances();
      setTimeout(() => void this.refreshBalances(), RELEASED_MS);
      this.changed();
    });
  }

  async #welcome(): Promise<void> {
    await this.refreshBalances();
    const { balances } = this;
    if (balances === null || balances.availableSats + balances.heldSats > 0) return;
    if (await this.topUp(WELCOME_SATS)) this.welcomeSats = this.balances?.availableSats ?? null;
  }

  #setBalances(balances: AccountBalances): void {
    this.balances = balances;
    const budget = Math.floor(balances.availableSats * BUDGET_SHARE);
    this.viewer?.setGiftBudget(Math.min(budget, BUDGET_SATS_MAX));
    this.changed();
  }

  async #loadSummary(roundId: RoundId): Promise<void> {
    const round = await this.api.round(roundId);
    if (round.ok && this.roundId === roundId) {
      this.summary = round.data;
      this.changed();
    }
  }

  #loadResults(): void {
    const { roundId } = this;
    if (roundId === null) return;
    void this.api.results(roundId).then((results) => {
      if (!results.ok || this.roundId !== roundId) return;
      this.results = results.data;
      void this.refreshBalances();
      this.changed();
    });
  }

  async #poll(): Promise<void> {
    if (document.hidden) return;
    await this.refreshRounds();
    const { roundId, state } = this;
    const phase = state?.phase ?? this.summary?.phase;
    if (roundId === null) {
      const first = await firstRound(this.api, this.rounds);
      if (first !== null) this.show(first);
    } else if (phase !== undefined && isOver(phase)) {
      this.#overSinceMs ??= Date.now();
      const manual = this.#pinned || this.staying;
      this.next = nextOf(this.rounds, { roundId, overSinceMs: this.#overSinceMs, manual });
      if (this.next !== null && this.next.atMs !== null && Date.now() >= this.next.atMs) {
        this.show(this.next.roundId);
      }
    }
    this.changed();
  }

  #refused(code: Code): void {
    this.notify('error', explain(code));
    if (code === 'INSUFFICIENT_FUNDS') void this.refreshBalances();
  }

  #refusedByApi(refusal: ApiRefusal): void {
    this.notify('error', explain(refusal.code));
  }
}
