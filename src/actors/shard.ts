/**
 * Many round actors on one thread. Owned by the shard thread (shard-thread.ts wires it; the simulator drives
 * it with ports of its own). It takes everything from outside: time, the store, the ports, and `defer`, which
 * runs a function after the messages that are here already.
 *
 *   messages -> mailboxes -> (deferred) drain: one step per round that has mail or is due -> effects
 *
 * A drain empties every mailbox, then gives the edges credit for the batches it covered: so at any time an
 * edge has a bounded number of batches here, and messages that arrive together cost one step.
 *
 * Nothing here catches a bug: it crashes the thread, and the supervisor restores the rounds elsewhere.
 */
import { AssertionFailure, assert, unreachable } from '../core/assert.ts';
import type { Code } from '../core/errors.ts';
import type { RoundId } from '../core/ids.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { RoundInput } from '../round/inputs.ts';
import { PAYMENT_ROW_BYTES, PURPOSE_GIFT, forEachPayment } from '../round/payment-batch.ts';
import { HostedRound, type RoundHost, type ShardStore } from './hosted-round.ts';
import { MAILBOX_LIMITS, type MailboxLimits } from './mailbox.ts';
import type {
  EdgeEffect,
  EdgeToShard,
  MainToShard,
  ShardStats,
  ShardToEdge,
  ShardToMain,
} from './messages.ts';
import type { Port } from './port.ts';
import { WakeHeap } from './wake-heap.ts';

export interface ShardOptions {
  readonly store: ShardStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Runs `run` soon, after the messages that have arrived (setImmediate). */
  readonly defer: (run: () => void) => void;
  readonly toMain: (message: ShardToMain) => void;
  readonly mailbox?: MailboxLimits;
}

/** `link` is not among them: the shell makes a Port of what it carries and calls `link`. */
export type ShardCommand = Exclude<MainToShard, { kind: 'link' }>;

interface EdgeEnd {
  readonly port: Port<ShardToEdge, EdgeToShard>;
  /** Highest batch put into mailboxes, and the highest one credited. */
  takenNo: number;
  creditedNo: number;
}

/** Longest sleep of the timer; setTimeout takes no more than 2^31 ms. */
const SLEEP_MS_MAX = 3_600_000;

export class Shard {
  readonly #options: ShardOptions;
  readonly #host: RoundHost;
  readonly #rounds = new Map<number, HostedRound>();
  readonly #edges = new Map<number, EdgeEnd>();
  readonly #stirred = new Set<HostedRound>();
  readonly #wakes = new WakeHeap();
  #timer: { readonly timer: Timer; readonly atMs: number } | undefined;
  #drainDue = false;
  #height: number | null = null;
  #payEveryMs: number | null = null;
  #stopping = false;
  #stopped = false;
  #steps = 0;
  #words = 0;
  #wordsDropped = 0;
  #inputsRefused = 0;
  #storeRetries = 0;

  constructor(options: ShardOptions) {
    this.#options = options;
    this.#host = {
      store: options.store,
      clock: options.clock,
      logger: options.logger,
      mailbox: options.mailbox ?? MAILBOX_LIMITS,
      toMain: options.toMain,
      toEdge: (edge, message) => this.#edges.get(edge)?.port.send(message),
      stir: (round) => this.#stir(round),
      wakeAt: (round, timeMs) => this.#wakes.set(round.handle, timeMs),
      drop: (round, why) => this.#drop(round, why),
      storeFault: () => void this.#storeRetries++,
    };
  }

  /** A link to an edge; the one before to the same edge, if any, is dead. */
  link(edge: number, port: Port<ShardToEdge, EdgeToShard>): void {
    this.#edges.get(edge)?.port.close();
    const end: EdgeEnd = { port, takenNo: 0, creditedNo: 0 };
    this.#edges.set(edge, end);
    port.onMessage((message) => {
      if (this.#edges.get(edge) === end) this.#fromEdge(edge, end, message);
    });
  }

  command(command: ShardCommand): void {
    switch (command.kind) {
      case 'own':
        this.#own(command.handle, command.roundId);
        return;
      case 'input':
        this.#rounds.get(command.handle)?.put(command.input);
        return;
      case 'height':
        this.#height = command.height;
        for (const round of this.#rounds.values()) round.put({ kind: 'height', height: command.height });
        return;
      case 'pace':
        this.#payEveryMs = command.payEveryMs;
        for (const round of this.#rounds.values()) round.put(command);
        return;
      case 'release':
        this.#remove(this.#rounds.get(command.handle));
        return;
      case 'edgeGone':
        this.#edgeGone(command.edge);
        return;
      case 'stats':
        this.#options.toMain({ kind: 'stats', stats: this.#stats() });
        return;
      case 'crash':
        throw new AssertionFailure('crash drill');
      case 'stop':
        this.#stop();
        return;
      default:
        unreachable(command);
    }
  }

  /** The rounds that are here, running or not: to be looked at only. */
  rounds(): Iterable<HostedRound> {
    return this.#rounds.values();
  }

  #own(handle: number, roundId: RoundId): void {
    assert(!this.#rounds.has(handle), 'a round is owned once');
    const round = new HostedRound(this.#host, handle, roundId);
    this.#rounds.set(handle, round);
    if (this.#height !== null) round.put({ kind: 'height', height: this.#height });
    if (this.#payEveryMs !== null) round.put({ kind: 'pace', payEveryMs: this.#payEveryMs });
    void round.acquire();
  }

  #edgeGone(edge: number): void {
    this.#edges.get(edge)?.port.close();
    this.#edges.delete(edge);
    for (const round of this.#rounds.values()) {
      round.subscribers.delete(edge);
      round.put({ kind: 'edgeGone', edge });
    }
  }

  #fromEdge(edge: number, end: EdgeEnd, message: EdgeToShard): void {
    switch (message.kind) {
      case 'inputs':
        for (const { handle, inputs } of message.rounds) {
          const round = this.#rounds.get(handle);
          for (const input of inputs) {
            if (round === undefined) this.#refuse(edge, handle, input, 'ROUND_NOT_FOUND');
            else if (!round.put(input)) this.#refuse(edge, handle, input, 'UNAVAILABLE');
            else if (input.kind === 'payments') this.#words += input.batch.length / PAYMENT_ROW_BYTES;
          }
        }
        end.takenNo = message.batchNo;
        this.#scheduleDrain();
        return;
      case 'subscribe':
        this.#rounds.get(message.handle)?.subscribe(edge);
        return;
      case 'unsubscribe':
        this.#rounds.get(message.handle)?.subscribers.delete(edge);
        return;
      default:
        unreachable(message);
    }
  }

  /** What finds no room, or no round, is answered here; the actor never hears of it. */
  #refuse(edge: number, handle: number, input: RoundInput, code: Code): void {
    const effects = refusals(edge, input, code);
    if (input.kind === 'payments') this.#wordsDropped += input.batch.length / PAYMENT_ROW_BYTES;
    else this.#inputsRefused++;
    if (effects.length === 0) return;
    const epoch = this.#rounds.get(handle)?.epoch ?? 0;
    this.#edges.get(edge)?.port.send({ kind: 'effects', handle, epoch, effects });
  }

  #stir(round: HostedRound): void {
    this.#stirred.add(round);
    this.#scheduleDrain();
  }

  #scheduleDrain(): void {
    if (this.#drainDue) return;
    this.#drainDue = true;
    this.#options.defer(() => this.#drain());
  }

  #drain(): void {
    this.#drainDue = false;
    if (this.#stopped) return;
    const nowMs = this.#options.clock.nowMs();
    for (let due = this.#wakes.popDue(nowMs); due !== undefined; due = this.#wakes.popDue(nowMs)) {
      const round = this.#rounds.get(due);
      assert(round !== undefined, 'only rounds of this shard are woken');
      round.put({ kind: 'tick' });
    }
    const stirred = [...this.#stirred];
    this.#stirred.clear();
    for (const round of stirred) if (round.run(nowMs)) this.#steps++;
    for (const end of this.#edges.values()) {
      if (end.takenNo === end.creditedNo) continue;
      end.creditedNo = end.takenNo;
      end.port.send({ kind: 'credit', batchNo: end.takenNo });
    }
    this.#setTimer();
    if (this.#stopping) this.#finishWhenQuiet();
  }

  /** The rounds save what they have by themselves; when the last answer is in, this is over. */
  #finishWhenQuiet(): void {
    for (const round of this.#rounds.values()) if (!round.quiet) return;
    this.#stopped = true;
    this.#timer?.timer.cancel();
    for (const end of this.#edges.values()) end.port.close();
    this.#options.toMain({ kind: 'stopped' });
  }

  /** One timer for all rounds, at the earliest time any of them wants. */
  #setTimer(): void {
    const atMs = this.#wakes.nextMs;
    if (this.#timer?.atMs === atMs) return;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    if (atMs === undefined) return;
    const delayMs = Math.min(SLEEP_MS_MAX, Math.max(0, atMs - this.#options.clock.nowMs()));
    const timer = this.#options.clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#drain();
    });
    this.#timer = { timer, atMs };
  }

  #stop(): void {
    this.#stopping = true;
    for (const round of this.#rounds.values()) if (!round.running) this.#remove(round);
    this.#scheduleDrain();
  }

  #drop(round: HostedRound, why: 'lost' | 'absent'): void {
    this.#options.logger.warn('round dropped', { roundId: round.roundId, why });
    this.#remove(round);
    this.#options.toMain({ kind: why, handle: round.handle });
  }

  #remove(round: HostedRound | undefined): void {
    if (round === undefined) return;
    round.leave();
    this.#rounds.delete(round.handle);
    this.#stirred.delete(round);
    this.#wakes.delete(round.handle);
  }

  #stats(): ShardStats {
    return {
      rounds: this.#rounds.size,
      steps: this.#steps,
      words: this.#words,
      wordsDropped: this.#wordsDropped,
      inputsRefused: this.#inputsRefused,
      storeRetries: this.#storeRetries,
    };
  }
}

/** Whom to tell that an input was not taken. A dropped `watch` has nobody: the next word says whom it is for. */
function refusals(edge: number, input: RoundInput, code: Code): EdgeEffect[] {
  switch (input.kind) {
    case 'open':
    case 'attach':
      return [{ kind: 'refused', what: input.kind, to: input.from, code, slot: null }];
    case 'closeStream':
      return [{ kind: 'refused', what: 'close', to: input.from, code, slot: input.slot }];
    case 'clap':
    case 'vote': {
      const to = { edge, conn: input.conn, ref: 0 };
      return [{ kind: 'refused', what: input.kind, to, code, slot: input.slot }];
    }
    case 'payments': {
      const words = new Map<string, EdgeEffect>();
      forEachPayment(input.batch, ({ slot, conn, purpose }) => {
        const what = purpose === PURPOSE_GIFT ? 'gift' : 'pay';
        words.set(`${slot}:${what}`, { kind: 'refused', what, to: { edge, conn, ref: 0 }, code, slot });
      });
      return [...words.values()];
    }
    default:
      return [];
  }
}
