/** Who runs the engine: credits the viewers, makes the rounds, starts some early and cancels some. Asks again until it is done. */
import { EngineError } from '../core/errors.ts';
import { MAKE_ROUND_WITHIN_MS } from './plan.ts';
import { EPOCH_MS } from './sim-clock.ts';
import type { Running } from './sim-process.ts';
import type { WorldView } from './world-view.ts';

const RETRY_MS = 250;
const BOOKS_MS = 4_000;

export class Operator {
  readonly #world: WorldView;
  /** Rounds that exist; only these have to be settled. */
  readonly made: Set<string> = new Set();

  constructor(world: WorldView) {
    this.#world = world;
  }

  begin(): void {
    const { viewers, context } = this.#world;
    if (context.plan.store.tornMs > 0) this.#lookAtBooks();
    for (const [no, viewer] of viewers.entries()) {
      const sats = context.plan.viewers[no]?.fundsSats ?? 0;
      this.#untilDone(0, async ({ control }) => {
        const funded = await control.fundDevAccount({ account: viewer.identity.account, sats, key: 'first' });
        return funded.ok;
      });
    }
    for (const { terms, startAtMs, cancelAtMs } of context.plan.rounds) {
      const { roundId } = terms;
      this.#untilDone(0, async ({ control }) => {
        if (context.scheduler.nowMs > terms.startsAtMs - EPOCH_MS + MAKE_ROUND_WITHIN_MS) return true;
        const made = await control.createRound(terms);
        const exists = made.ok || made.code === 'ROUND_EXISTS';
        if (exists) this.made.add(roundId);
        return exists;
      });
      if (startAtMs !== null) {
        this.#untilDone(startAtMs, async ({ control }) => {
          const started = await control.startRound(roundId);
          return started.ok || started.code === 'ALREADY_STARTED' || !this.made.has(roundId);
        });
      }
      if (cancelAtMs !== null) {
        this.#untilDone(cancelAtMs, async ({ control }) => {
          const cancelled = await control.cancelRound(roundId, 'the operator said so');
          return cancelled.ok || cancelled.code === 'NOT_CANCELLABLE' || !this.made.has(roundId);
        });
      }
    }
  }

  /** Compares books and coins now and then; while others write, a cluster may show them as no one state. */
  #lookAtBooks(): void {
    const { context } = this.#world;
    context.scheduler.after(context.world, BOOKS_MS, 'operator looks at the books', () => {
      this.#world.process.running?.settlement.reconcile().catch((error: unknown) => {
        if (!(error instanceof EngineError)) this.#world.broke(error);
      });
      this.#lookAtBooks();
    });
  }

  #untilDone(atMs: number, work: (running: Running) => Promise<boolean>): void {
    const { context } = this.#world;
    const { scheduler, world } = context;
    scheduler.at(world, atMs, 'operator', () => {
      const { running } = this.#world.process;
      const again = (): void => this.#untilDone(scheduler.nowMs + RETRY_MS, work);
      if (running === null) return again();
      // An answer that died with its process never comes: asked again after a while.
      const patience = scheduler.after(world, 8_000, 'operator', again);
      work(running).then(
        (done) => {
          patience.cancel();
          if (!done) again();
        },
        (error: unknown) => {
          patience.cancel();
          if (error instanceof EngineError) again();
          else this.#world.broke(error);
        },
      );
    });
  }
}
