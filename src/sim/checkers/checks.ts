/**
 * When which checker runs. After every event of a shard: its rounds, whole, and who owns them. After every event that
 * wrote: the books. At each settlement and refund: the division. In the end: what has to have come true.
 */
import type { HostedRound } from '../../actors/hosted-round.ts';
import type { Write } from '../disk.ts';
import type { Life } from '../scheduler.ts';
import type { World } from '../world.ts';
import { type Finding, checkBooks, checkHolds } from './books-checker.ts';
import { checkRound } from './round-checker.ts';

export class Checks {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  afterEvent(life: Life): void {
    const { context, disk, processes } = this.#world;
    for (const process of processes) {
      for (const thread of process.threads.running) {
        if (thread.life !== life || thread.shard === null) continue;
        for (const round of thread.shard.rounds()) this.#round(round);
      }
    }
    if (!context.observer.dirty) return;
    context.observer.dirty = false;
    this.#report(checkBooks(disk.state));
    this.#report(checkHolds(disk.state, context.observer.durable));
  }

  /** Right after the store has done it. */
  applied(_write: Write, _answer: unknown): void {}

  #round(round: HostedRound): void {
    const { observer } = this.#world.context;
    const { state } = round;
    if (state === undefined) return;
    const { seq, published } = state.session.frames;
    if (published !== null) observer.published({ epoch: state.epoch, seq }, published);
    this.#report(checkRound(state, observer.words));
  }

  #report(finding: Finding | undefined): void {
    if (finding !== undefined) this.#world.context.fail(finding.checker, finding.message);
  }
}
