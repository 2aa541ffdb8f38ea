/**
 * Owner of all threads and of the directory of rounds. Lives on main, next to the API and settlement.
 *
 * It starts the shards and the edges, links each edge to each shard, places rounds and tells the edges where
 * they are. A shard that dies is started again and told to own its rounds: it acquires each with a new
 * generation and restores it, while the viewers stay connected to their edges. An edge that dies is started
 * again too; its viewers reconnect.
 *
 * Order that others rely on: a shard hears `own` before any link on which inputs for that round can come, and
 * an edge hears `place` only after the shard runs the round.
 */
import { assert, unreachable } from '../core/assert.ts';
import { EngineError, type Refusal, refuse } from '../core/errors.ts';
import type { RoundId } from '../core/ids.ts';
import type { RoundInput } from '../round/inputs.ts';
import type { RoundTerms } from '../round/terms.ts';
import { Ask } from './ask.ts';
import type { EdgeStats, EdgeToMain, MainToEdge, MainToShard, ShardStats, ShardToMain } from './messages.ts';
import { Pacer } from './pacer.ts';
import { type Placed, Placement } from './placement.ts';
import { PoisonedRounds } from './poisoned-rounds.ts';
import { RESTART_POLICY, SupervisedThread } from './supervised-thread.ts';
import type { SupervisorEvents, SupervisorOptions, SupervisorStats } from './supervisor-options.ts';
import { type ThreadRunner, workerThreads } from './thread-runner.ts';

export interface OwnedRound {
  readonly handle: number;
  readonly shard: number;
}

export type OwnAnswer = ({ readonly ok: true } & OwnedRound) | Refusal<'ROUND_NOT_FOUND' | 'UNAVAILABLE'>;

export interface Supervisor {
  /** Port the edges listen on; null when there are none. */
  readonly edgePort: number | null;
  /** Places a stored round and resolves when it runs. A round that is owned already answers the same. */
  own(roundId: RoundId): Promise<OwnAnswer>;
  /**
   * Hands an input to a round. False when it is not owned or its shard is being restarted. True says that it
   * was sent, not that it took effect: that is seen by the phase.
   */
  input(roundId: RoundId, input: RoundInput): boolean;
  /** Tells every round, also those owned later, that a block was mined. */
  height(height: number): void;
  /** Forgets a round that has nothing left to do. */
  release(roundId: RoundId): void;
  shardOf(roundId: RoundId): number | undefined;
  stats(): Promise<SupervisorStats>;
  /** A drill: makes a shard fail an assertion. */
  killShard(shard: number): void;
  /** Closes the viewers, saves every round, ends every thread. False when a thread did not end by itself. */
  stop(): Promise<boolean>;
}

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
const STATS_TIMEOUT_MS = 1_000;

/** Resolves when all threads run and the edges listen; throws EngineError UNAVAILABLE when one cannot start. */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const supervisor = new ThreadSupervisor(options);
  try {
    await supervisor.start();
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
  return supervisor;
}

interface ShardThread {
  readonly thread: SupervisedThread<MainToShard, ShardToMain>;
  readonly ready: Ask<true>;
  readonly stats: Ask<ShardStats>;
  stopped: boolean;
}

interface EdgeThread {
  readonly thread: SupervisedThread<MainToEdge, EdgeToMain>;
  readonly listening: Ask<number>;
  readonly stats: Ask<EdgeStats>;
  failure: string;
}

class ThreadSupervisor implements Supervisor {
  readonly #options: SupervisorOptions;
  readonly #events: SupervisorEvents;
  readonly #runner: ThreadRunner;
  readonly #placement: Placement;
  readonly #owning = new Map<number, Ask<OwnAnswer>>();
  readonly #shards: ShardThread[];
  readonly #edges: EdgeThread[];
  #edgePort: number | null = null;
  #height: number | null = null;
  readonly #pacer = new Pacer();
  readonly #poisoned = new PoisonedRounds();
  #stopping: Promise<boolean> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#events = options.events;
    this.#runner = options.runner ?? workerThreads;
    this.#placement = new Placement(options.shards);
    const { clock, logger, restartPolicy: policy = RESTART_POLICY } = options;
    const runner = this.#runner;
    this.#shards = Array.from({ length: options.shards }, (_, shard) => ({
      thread: new SupervisedThread<MainToShard, ShardToMain>({
        name: `shard-${shard}`,
        entry: options.shardEntry,
        data: (isSpare) => options.shardData(shard, isSpare),
        clock,
        logger,
        policy,
        runner,
        spareAfterMs: options.spareShardAfterMs ?? null,
      }),
      ready: new Ask<true>(clock),
      stats: new Ask<ShardStats>(clock),
      stopped: false,
    }));
    this.#edges = Array.from({ length: options.edges }, (_, edge) => ({
      thread: new SupervisedThread<MainToEdge, EdgeToMain>({
        name: `edge-${edge}`,
        entry: options.edgeEntry,
        data: () => options.edgeData(edge, this.#edgePort),
        clock,
        logger,
        policy,
        runner,
      }),
      listening: new Ask<number>(clock),
      stats: new Ask<EdgeStats>(clock),
      failure: '',
    }));
  }

  get edgePort(): number | null {
    return this.#edgePort;
  }

  async start(): Promise<void> {
    const timeoutMs = this.#options.startTimeoutMs ?? START_TIMEOUT_MS;
    const started = this.#shards.map(async (own, shard) => {
      this.#startShard(own, shard);
      if ((await own.ready.wait(timeoutMs)) === undefined) throw startFailure(own.thread.name, '');
    });
    await Promise.all(started);
    // The first edge may be given port 0; the others share what it got.
    for (const [edge, own] of this.#edges.entries()) {
      this.#startEdge(own, edge);
      const port = await own.listening.wait(timeoutMs);
      if (port === undefined) throw startFailure(own.thread.name, own.failure);
      this.#edgePort ??= port;
    }
  }

  async own(roundId: RoundId): Promise<OwnAnswer> {
    if (this.#stopping !== undefined) return refuse('UNAVAILABLE');
    let placed = this.#placement.byRound(roundId);
    if (placed === undefined) {
      placed = this.#placement.place(roundId);
      this.#owning.set(placed.handle, new Ask<OwnAnswer>(this.#options.clock));
      this.#shard(placed.shard).thread.post({ kind: 'own', handle: placed.handle, roundId });
    }
    const asked = this.#owning.get(placed.handle);
    if (asked === undefined) return { ok: true, handle: placed.handle, shard: placed.shard };
    return (await asked.wait(null)) ?? refuse('UNAVAILABLE');
  }

  input(roundId: RoundId, input: RoundInput): boolean {
    const placed = this.#placement.byRound(roundId);
    if (placed === undefined) return false;
    return this.#shard(placed.shard).thread.post({ kind: 'input', handle: placed.handle, input });
  }

  height(height: number): void {
    this.#height = height;
    for (const { thread } of this.#shards) thread.post({ kind: 'height', height });
  }

  release(roundId: RoundId): void {
    const placed = this.#placement.byRound(roundId);
    if (placed === undefined) return;
    this.#shard(placed.shard).thread.post({ kind: 'release', handle: placed.handle });
    this.#forget(placed);
  }

  shardOf(roundId: RoundId): number | undefined {
    return this.#placement.byRound(roundId)?.shard;
  }

  async stats(): Promise<SupervisorStats> {
    const shards = this.#shards.map(async ({ thread, stats }, shard) => {
      const answer = thread.post({ kind: 'stats' }) ? await stats.wait(STATS_TIMEOUT_MS) : undefined;
      return { rounds: this.#placement.load[shard] ?? 0, restarts: thread.restarts, stats: answer ?? null };
    });
    const edges = this.#edges.map(async ({ thread, stats }) => {
      const answer = thread.post({ kind: 'stats' }) ? await stats.wait(STATS_TIMEOUT_MS) : undefined;
      return { restarts: thread.restarts, stats: answer ?? null };
    });
    return { shards: await Promise.all(shards), edges: await Promise.all(edges) };
  }

  killShard(shard: number): void {
    this.#shard(shard).thread.post({ kind: 'crash' });
  }

  stop(): Promise<boolean> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<boolean> {
    const timeoutMs = this.#options.stopTimeoutMs ?? STOP_TIMEOUT_MS;
    // Edges first: when the last one is gone no more words come, and the shards save what is there.
    const closeCode = this.#options.stopCloseCode;
    const edges = this.#edges.map(({ thread }) => thread.stop({ kind: 'stop', closeCode }, timeoutMs));
    const edgesEnded = await Promise.all(edges);
    const shards = this.#shards.map(async (own) => {
      if (!own.thread.up) return true; // it was down: what is durable is all there is
      const ended = await own.thread.stop({ kind: 'stop' }, timeoutMs);
      if (!ended) await own.thread.terminate();
      return ended && own.stopped;
    });
    const shardsSaved = await Promise.all(shards);
    for (const asked of this.#owning.values()) asked.answer(refuse('UNAVAILABLE'));
    this.#owning.clear();
    return [...edgesEnded, ...shardsSaved].every(Boolean);
  }

  #startShard(own: ShardThread, shard: number): void {
    own.thread.start({
      onUp: () => {
        for (const { handle, roundId, shard: at } of this.#placement.all()) {
          if (at === shard) own.thread.post({ kind: 'own', handle, roundId });
        }
        if (this.#height !== null) own.thread.post({ kind: 'height', height: this.#height });
        own.thread.post({ kind: 'pace', payEveryMs: this.#pacer.payEveryMs });
        for (const edge of this.#edges.keys()) this.#link(edge, shard);
      },
      onMessage: (message) => this.#fromShard(own, message),
      onDown: () => {
        own.ready.giveUp();
        own.stats.giveUp();
        this.#pacer.forget(own.thread.name);
      },
    });
  }

  #startEdge(own: EdgeThread, edge: number): void {
    own.thread.start({
      onUp: () => {
        for (const shard of this.#shards.keys()) this.#link(edge, shard);
        for (const placed of this.#placement.all()) {
          if (placed.generation !== null) own.thread.post(placeMessage(placed));
        }
      },
      onMessage: (message) => this.#fromEdge(own, message),
      onDown: () => {
        own.listening.giveUp();
        own.stats.giveUp();
        this.#pacer.forget(own.thread.name);
        for (const { thread } of this.#shards) thread.post({ kind: 'edgeGone', edge });
      },
    });
  }

  /** A fresh channel between the two, if both are up. */
  #link(edge: number, shard: number): void {
    const edgeThread = this.#edges[edge]?.thread;
    const shardThread = this.#shard(shard).thread;
    if (edgeThread?.up !== true || !shardThread.up) return;
    const { port1, port2 } = this.#runner.channel();
    shardThread.post({ kind: 'link', edge, port: port1 }, [port1]);
    edgeThread.post({ kind: 'link', shard, port: port2 }, [port2]);
  }

  #fromShard(own: ShardThread, message: ShardToMain): void {
    switch (message.kind) {
      case 'ready':
        own.ready.answer(true);
        return;
      case 'stats':
        own.stats.answer(message.stats);
        return;
      case 'busy':
        this.#busy(own.thread.name, message.part);
        return;
      case 'stopped':
        own.stopped = true;
        return;
      default:
        break;
    }
    const placed = this.#placement.byHandle(message.handle);
    if (placed === undefined) return; // released while the message was on its way
    switch (message.kind) {
      case 'owned':
        this.#owned(placed, message.generation, message.terms);
        return;
      case 'absent':
        this.#forget(placed);
        this.#answerOwn(placed, refuse('ROUND_NOT_FOUND'));
        return;
      case 'lost':
        this.#forget(placed);
        this.#answerOwn(placed, refuse('UNAVAILABLE'));
        this.#events.onLost(placed.roundId);
        return;
      case 'failing':
        this.#failing(placed);
        return;
      case 'phase':
        this.#events.onPhase(placed.roundId, message.phase, message.endsAtMs);
        return;
      case 'settle':
        this.#events.onSettle(placed.roundId, message.generation, message.statement);
        return;
      case 'refund':
        this.#events.onRefund(placed.roundId, message.generation);
        return;
      default:
        unreachable(message);
    }
  }

  #owned(placed: Placed, generation: number, terms: RoundTerms): void {
    const first = placed.generation === null;
    placed.generation = generation;
    if (first) for (const { thread } of this.#edges) thread.post(placeMessage(placed));
    this.#answerOwn(placed, { ok: true, handle: placed.handle, shard: placed.shard });
    this.#events.onOwned(placed.roundId, generation, terms);
  }

  #answerOwn(placed: Placed, answer: OwnAnswer): void {
    this.#owning.get(placed.handle)?.answer(answer);
    this.#owning.delete(placed.handle);
  }

  /** Its viewers' sats stay held: what it was about can be decided when the bug is mended. */
  #failing(placed: Placed): void {
    const { handle, roundId } = placed;
    if (!this.#poisoned.note(handle, this.#options.clock.monotonicMs())) return;
    this.#options.logger.error('round left alone: its shard died in it again and again', { roundId });
    this.#forget(placed);
    this.#answerOwn(placed, refuse('UNAVAILABLE'));
    this.#events.onLost(roundId);
  }

  #forget(placed: Placed): void {
    this.#placement.remove(placed);
    this.#poisoned.forget(placed.handle);
    if (placed.generation === null) return;
    for (const { thread } of this.#edges) thread.post({ kind: 'unplace', handle: placed.handle });
  }

  #fromEdge(own: EdgeThread, message: EdgeToMain): void {
    switch (message.kind) {
      case 'listening':
        own.listening.answer(message.port);
        return;
      case 'stats':
        own.stats.answer(message.stats);
        return;
      case 'busy':
        this.#busy(own.thread.name, message.part);
        return;
      case 'failed':
        this.#options.logger.error('edge failed', { thread: own.thread.name, reason: message.message });
        own.failure = message.message;
        own.listening.giveUp();
        return;
      default:
        unreachable(message);
    }
  }

  /** Words are totals, so asking for them less often loses nothing; it is what gives way first under load. */
  #busy(thread: string, part: number): void {
    const payEveryMs = this.#pacer.note(thread, part);
    if (payEveryMs === null) return;
    this.#options.logger.info('words are asked for at another pace', { payEveryMs, thread, part });
    for (const shard of this.#shards) shard.thread.post({ kind: 'pace', payEveryMs });
  }

  #shard(shard: number): ShardThread {
    const own = this.#shards[shard];
    assert(own !== undefined, 'a shard of this engine');
    return own;
  }
}

function placeMessage({ handle, roundId, shard }: Placed): MainToEdge {
  return { kind: 'place', place: { handle, roundId, shard } };
}

function startFailure(thread: string, reason: string): EngineError {
  const message = reason === '' ? `${thread} did not start` : `${thread} did not start: ${reason}`;
  return new EngineError('UNAVAILABLE', { message });
}
