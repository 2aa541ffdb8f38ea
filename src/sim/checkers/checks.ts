/**
 * When which checker runs. After every event of a shard: its rounds, whole, and who owns them. After every event that
 * wrote: the books. At each settlement and refund: the division. In the end: what has to have come true. Nothing is
 * sampled: the rounds and books of a run are small.
 */
import type { HostedRound } from '../../actors/hosted-round.ts';
import type { RoundId } from '../../core/ids.ts';
import type { SettlementCommit, Store } from '../../ports/store.ts';
import type { Write } from '../write.ts';
import { operatedUntilMs } from '../plan.ts';
import type { Life } from '../scheduler.ts';
import type { WorldView } from '../world-view.ts';
import { EntryChecker, type Finding, checkBooks, checkClosed, checkHolds } from './books-checker.ts';
import { checkCarried, checkChain, unfinished } from './final-checker.ts';
import { ReleaseChecker } from './release-checker.ts';
import { checkRound } from './round-checker.ts';
import { checkSaves } from './save-checker.ts';
import { checkPayout, checkRefund, checkSettlement } from './settlement-checker.ts';

type Advance = Parameters<Store['advanceTransaction']>[0];

const FENCED: ReadonlySet<Write['method']> = new Set([
  'appendSegment',
  'saveSnapshot',
  'finishRound',
  'commitSettlement',
  'commitRefund',
]);

export class Checks {
  readonly #world: WorldView;
  /** By round and generation: which thread has it. */
  readonly #owners = new Map<string, Life>();
  readonly #releases = new ReleaseChecker();
  readonly #entries = new EntryChecker();

  constructor(world: WorldView) {
    this.#world = world;
  }

  afterEvent(life: Life): void {
    const { context, disk, processes } = this.#world;
    for (const process of processes) {
      if (!process.life.alive) continue;
      for (const thread of process.threads.running) {
        if (thread.life !== life || thread.shard === null) continue;
        for (const round of thread.shard.rounds()) this.#round(round, life);
      }
    }
    const calm = !context.faults.on && this.#world.process.running !== null;
    this.#report(this.#releases.check(disk.state, context, calm));
    if (!context.observer.dirty) return;
    context.observer.dirty = false;
    this.#report(checkBooks(disk.state) ?? checkClosed(disk.state));
    this.#report(this.#entries.check(disk.state));
    this.#report(checkHolds(disk.state, context.observer.durable));
  }

  /** Right after the store has done it: who may, and what it was. */
  applied({ method, args }: Write, answer: unknown): void {
    if (method === 'advanceTransaction') return this.#advanced(args[0] as Advance);
    if (!FENCED.has(method) || !isYes(answer)) return;
    const { state } = this.#world.disk;
    const { roundId, generation } = args[0] as { readonly roundId: RoundId; readonly generation: number };
    const owner = state.rounds.get(roundId)?.generation;
    if (owner !== generation) {
      this.#report({
        checker: 'owner',
        message: `${method} of ${roundId} by generation ${generation}, owned by ${owner}`,
      });
    }
    const round = state.rounds.get(roundId);
    if ((method === 'appendSegment' || method === 'saveSnapshot') && round !== undefined) {
      this.#report(checkSaves(round));
    } else if (method === 'commitSettlement' && 'applied' in answer && answer.applied === true) {
      const entry = state.entries.findLast(({ id }) => id === `settlement:${roundId}`);
      const commit = args[0] as SettlementCommit;
      this.#report(checkSettlement(commit, entry ?? commit.entry, this.#world.context.observer));
    } else if (method === 'commitRefund') {
      const entry = state.entries.findLast(({ id }) => id === `refund:${roundId}`);
      if (entry !== undefined) this.#report(checkRefund(entry));
    }
  }

  #advanced(change: Advance): void {
    const { disk, treasuryAccount } = this.#world;
    const transaction = disk.state.transactions.get(change.txid)?.transaction;
    if (change.to !== 'accepted' || transaction === undefined) return;
    const entry = disk.state.entries.findLast(({ id }) => id === change.entry.id);
    if (entry !== undefined) this.#report(checkPayout(entry, transaction, treasuryAccount));
  }

  /** Nothing is left to be done. */
  atRest(): boolean {
    const { disk, context } = this.#world;
    if (context.scheduler.nowMs < operatedUntilMs(context.plan)) return false;
    return unfinished(disk.state) === undefined;
  }

  final(): void {
    const { disk, chain, treasuryAccount } = this.#world;
    this.#report(
      unfinished(disk.state) ?? checkCarried(disk.state) ?? checkChain(disk.state, chain, treasuryAccount),
    );
  }

  #round(round: HostedRound, life: Life): void {
    const { observer } = this.#world.context;
    const { state, roundId } = round;
    if (state === undefined) return;
    const key = `${roundId}:${state.epoch}`;
    const owner = this.#owners.get(key);
    this.#owners.set(key, owner ?? life);
    if (owner !== undefined && owner !== life) {
      this.#report({ checker: 'owner', message: `${owner.name} and ${life.name} both own ${key}` });
    }
    const { seq, published } = state.session.frames;
    if (published !== null) observer.published({ epoch: state.epoch, seq }, published);
    this.#report(checkRound(state, observer.words));
  }

  #report(finding: Finding | undefined): void {
    if (finding !== undefined) this.#world.context.fail(finding.checker, finding.message);
  }
}

function isYes(answer: unknown): answer is { readonly ok: true } {
  return typeof answer === 'object' && answer !== null && 'ok' in answer && answer.ok === true;
}
