/** The world of one run: its machine, network, disk and chain, the engine's processes on it, and the people. */
import { accountOfPublicKey } from '../core/account-key.ts';
import { EngineError } from '../core/errors.ts';
import type { StreamId } from '../core/ids.ts';
import { ripemd160, sha256 } from '../platform/hash.ts';
import { treasuryKeyOf } from '../wallet/keys.ts';
import type { Canary } from './canaries/canary.ts';
import { Chance } from './chance.ts';
import { Checks } from './checkers/checks.ts';
import { HandOverChecker } from './checkers/hand-over-checker.ts';
import { Disk } from './disk.ts';
import { HonestViewer, type SimViewer } from './honest-viewer.ts';
import { Liar } from './liar.ts';
import { Network } from './network.ts';
import { Observer } from './observer.ts';
import { Operator } from './operator.ts';
import { planRun } from './plan.ts';
import type { RunContext } from './run-context.ts';
import { Life, Scheduler } from './scheduler.ts';
import { SimChain } from './sim-chain.ts';
import { Machine } from './sim-clock.ts';
import { SimProcess } from './sim-process.ts';
import { StoreServer } from './store-server.ts';
import type { Trace } from './trace.ts';
import type { WorldView } from './world-view.ts';

/** A failed run: who found what, and when. */
export interface Failure {
  readonly checker: string;
  readonly message: string;
  readonly atMs: number;
}

export interface WorldOptions {
  readonly seed: number;
  readonly trace: Trace;
  readonly canary: Canary;
}

export class World implements WorldView {
  readonly context: RunContext;
  readonly machine: Machine;
  readonly network: Network;
  readonly disk: Disk;
  readonly chain: SimChain;
  readonly checks: Checks;
  readonly viewers: readonly SimViewer[];
  readonly operator: Operator;
  failure: Failure | null = null;
  /** The newest process; older ones may still be around as zombies. */
  process: SimProcess;
  readonly processes: SimProcess[] = [];
  readonly #canary: Canary;
  readonly #treasury: ReturnType<typeof treasuryKeyOf>;

  constructor({ seed, trace, canary }: WorldOptions) {
    const chance = new Chance(seed);
    const world = new Life('world');
    const scheduler = new Scheduler(chance.fork(), {
      event: (atMs, life, label) => trace.event(atMs, life, label),
      throw: (error) => this.broke(error),
    });
    const fail = (checker: string, message: string): void => {
      this.failure ??= { checker, message, atMs: scheduler.nowMs };
    };
    const observer = new Observer({
      fail,
      disk: () => this.disk,
      onApplied: (write, answer) => this.checks.applied(write, answer),
    });
    const plan = canary.focus(planRun(chance.fork()));
    const runChance = chance.fork();
    const treasuryChance = chance.fork();
    this.context = {
      plan,
      chance: runChance,
      remoteChance: chance.fork(),
      server: new StoreServer(),
      scheduler,
      trace,
      observer,
      handOvers: new HandOverChecker(fail),
      world,
      faults: { on: true },
      fail,
    };
    this.#canary = canary;
    this.machine = new Machine({ driftPpm: this.context.plan.driftPpm, offsetMs: 0 });
    this.#treasury = treasuryKeyOf(treasuryChance.asRandom().bytes(32));
    this.disk = new Disk({
      wrap: (store, state) => canary.disk(store, state),
      onDurable: (write) => observer.becameDurable(write),
    });
    this.chain = new SimChain(this.context);
    this.network = new Network(this.context);
    this.checks = new Checks(this);
    this.process = this.startProcess();
    const gossip: StreamId[] = [];
    this.viewers = this.context.plan.viewers.map((each, no) =>
      each.kind === 'honest'
        ? new HonestViewer(this.context, this.network, each, no)
        : new Liar(this.context, this.network, each, { no, gossip }),
    );
    this.operator = new Operator(this);
  }

  get treasuryAccount(): string {
    return accountOfPublicKey(this.#treasury.publicKey, { sha256, ripemd160 });
  }

  /** A new process in place of the newest one; a start that fails is tried again, as whatever watches it would. */
  startProcess(): SimProcess {
    const { context, machine, disk, chain, network } = this;
    const process = new SimProcess({
      context,
      no: this.processes.length + 1,
      machine,
      disk,
      chain,
      network,
      treasury: this.#treasury,
      canary: this.#canary,
    });
    this.process = process;
    this.processes.push(process);
    context.scheduler.after(process.life, 1, 'process starts', () => {
      process.start().catch((error: unknown) => {
        if (!(error instanceof EngineError)) return this.broke(error);
        context.trace.line(
          context.scheduler.nowMs,
          process.life.name,
          () => `could not start: ${error.message}`,
        );
        process.kill();
        context.scheduler.after(context.world, 500, 'start again', () => {
          if (this.process === process) this.startProcess();
        });
      });
    });
    return process;
  }

  /** Production code threw what it should not. */
  broke(error: unknown): void {
    const { context } = this;
    context.fail('assertion', error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}
