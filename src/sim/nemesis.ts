/** What goes wrong, and when: each fault of the plan comes at random, again and again, until faults stop. */
import type { Chance } from './chance.ts';
import type { FaultPlan } from './plan.ts';
import type { SimThread } from './sim-threads.ts';
import type { WorldView } from './world-view.ts';

export class Nemesis {
  readonly #world: WorldView;
  readonly #chance: Chance;

  constructor(world: WorldView) {
    this.#world = world;
    this.#chance = world.context.chance.fork();
  }

  begin(): void {
    const faults: Record<keyof FaultPlan, () => void> = {
      killShardMs: () => this.#killThread('shard'),
      killEdgeMs: () => this.#killThread('edge'),
      killProcessMs: () => this.#killProcess(),
      stopProcessMs: () => this.#stopProcess(),
      powerLossMs: () => this.#losePower(),
      killServerMs: () => this.#killServer(),
      storeOutageMs: () => this.#failStore(),
      zombieMs: () => this.#leaveZombie(),
      usurpMs: () => this.#usurp(),
      pauseMs: () => this.#pause(),
      clockStepMs: () => this.#stepClock(),
      dropConnectionMs: () => this.#connection()?.drop(),
      halfOpenMs: () => this.#connection()?.goHalfOpen(),
      overloadMs: () => this.#overload(),
      slowReaderMs: () => this.#connection()?.stall(this.#now + this.#chance.between(500, 8_000)),
    };
    for (const [name, strike] of Object.entries(faults)) {
      const meanMs = this.#world.context.plan.faults[name as keyof FaultPlan];
      if (meanMs > 0) this.#again(name, meanMs, strike);
    }
  }

  /** Faults stop: what was left behind by one is put right, as an operator would. */
  calm(): void {
    const { plan, scheduler, world } = this.#world.context;
    const { processes } = this.#world;
    for (const process of processes) process.kill();
    this.#world.context.server.works();
    // What dead processes have sent to a remote store may still be on its way, and take a round from its new owner.
    const delayMs = plan.store.remote ? plan.store.stallMs + 2_000 : this.#chance.between(20, 3_000);
    scheduler.after(world, delayMs, 'engine restarts', () => this.#world.startProcess());
  }

  get #now(): number {
    return this.#world.context.scheduler.nowMs;
  }

  #again(name: string, meanMs: number, strike: () => void): void {
    const { scheduler, world, faults, trace } = this.#world.context;
    // Exponential, so that faults also come close together.
    const delayMs = -Math.log(1 - this.#chance.real()) * meanMs;
    scheduler.after(world, delayMs, name, () => {
      if (!faults.on) return;
      trace.line(scheduler.nowMs, 'FAULT', () => name.replace(/Ms$/, ''));
      strike();
      this.#again(name, meanMs, strike);
    });
  }

  #killThread(kind: 'shard' | 'edge'): void {
    this.#thread(kind)?.kill();
  }

  #thread(kind: 'shard' | 'edge'): SimThread | undefined {
    const threads = this.#world.process.threads.running.filter(({ data }) => data.kind === kind);
    return threads.length === 0 ? undefined : this.#chance.pick(threads);
  }

  #killProcess(): void {
    this.#world.process.kill();
    this.#startLater();
  }

  #startLater(): void {
    const { scheduler, world } = this.#world.context;
    const { process } = this.#world;
    const delayMs = this.#chance.between(20, 3_000);
    scheduler.after(world, delayMs, 'engine restarts', () => {
      if (this.#world.process === process && this.#world.context.faults.on) this.#world.startProcess();
    });
  }

  #stopProcess(): void {
    const { process } = this.#world;
    if (process.running === null) return;
    process.stop().then(
      () => this.#startLater(),
      (error: unknown) => this.#world.broke(error),
    );
  }

  /** Every process is gone, and what was not synced too. */
  #losePower(): void {
    for (const process of this.#world.processes) process.kill();
    this.#world.disk.losePower();
    this.#world.context.observer.dirty = true;
    this.#startLater();
  }

  /** The server of the store: it starts again from what it had synced. The engine lives on. */
  #killServer(): void {
    const { server, observer } = this.#world.context;
    this.#world.disk.losePower();
    observer.dirty = true;
    server.kill(this.#now + this.#chance.between(50, 3_000));
  }

  #failStore(): void {
    const { server } = this.#world.context;
    const kind = this.#chance.pick(['refuses', 'silent', 'readOnly'] as const);
    server.fail(kind, this.#now + this.#chance.between(200, 6_000));
  }

  /** A second process takes over while the first still believes in itself, for a while. */
  #leaveZombie(): void {
    const { scheduler, world } = this.#world.context;
    const old = this.#world.process;
    this.#world.startProcess();
    scheduler.after(world, this.#chance.between(500, 8_000), 'zombie ends', () => old.kill());
  }

  /** Somebody else acquires a round and does nothing with it; the process is restarted by and by. */
  #usurp(): void {
    const { plan, scheduler, world, observer } = this.#world.context;
    const { roundId } = this.#chance.pick(plan.rounds).terms;
    if (!this.#world.disk.state.rounds.has(roundId)) return;
    const write = { method: 'acquireRound', args: [roundId] } as const;
    void this.#world.disk.apply(write).then((answer) => observer.applied(write, answer));
    this.#world.disk.sync();
    const { process } = this.#world;
    scheduler.after(world, this.#chance.between(1_000, 6_000), 'engine is restarted', () => {
      if (this.#world.process === process && this.#world.context.faults.on) this.#restart();
    });
  }

  #restart(): void {
    const { process } = this.#world;
    if (!process.life.alive && this.#world.process !== process) return;
    process.kill();
    this.#startLater();
  }

  #pause(): void {
    const untilMs = this.#now + this.#chance.between(50, 4_000);
    if (this.#chance.chance(0.3)) this.#world.process.life.pause(untilMs);
    else this.#thread(this.#chance.chance(0.6) ? 'shard' : 'edge')?.life.pause(untilMs);
  }

  /** Busy for a while, then idle for long enough that the pace of words goes back. */
  #overload(): void {
    const { scheduler } = this.#world.context;
    const thread = this.#thread(this.#chance.chance(0.5) ? 'shard' : 'edge');
    if (thread === undefined) return;
    const busySeconds = this.#chance.between(2, 20);
    for (let second = 1; second < busySeconds + 30; second++) {
      scheduler.after(thread.life, second * 1_000, 'busy', () =>
        thread.reportBusy(second <= busySeconds ? 1 : 0.05),
      );
    }
  }

  #stepClock(): void {
    const { machine } = this.#world;
    machine.offsetMs += this.#chance.pick([-2_000, -300, -20, 20, 300, 2_000]);
  }

  #connection(): WorldView['network']['connections'][number] | undefined {
    const { connections } = this.#world.network;
    return connections.length === 0 ? undefined : this.#chance.pick(connections);
  }
}
