/**
 * Threads of one simulated process, for the real supervisor: what `shard-thread.ts` and `edge-thread.ts` wire to the
 * machine is wired to the simulator here. A thread that is killed takes its mail, timers and answers with it.
 */
import type { MessagePort } from 'node:worker_threads';
import type {
  EdgeToMain,
  EdgeToShard,
  MainToEdge,
  MainToShard,
  ShardToEdge,
  ShardToMain,
} from '../actors/messages.ts';
import type { Port } from '../actors/port.ts';
import { Shard } from '../actors/shard.ts';
import type { RunningThread, ThreadRunner, ThreadStart } from '../actors/thread-runner.ts';
import { Edge } from '../edge/edge.ts';
import type { EdgeSettings } from '../edge/settings.ts';
import { EDGE_TUNING } from '../edge/settings.ts';
import { ripemd160, sha256 } from '../platform/hash.ts';
import { nativeSignatures } from '../platform/signatures.ts';
import type { Logger } from '../ports/logger.ts';
import type { Store } from '../ports/store.ts';
import { SimChannel } from './channel.ts';
import type { ListeningEdge, Network } from './network.ts';
import type { RunContext } from './run-context.ts';
import { Life } from './scheduler.ts';
import { type Machine, simClock } from './sim-clock.ts';

/** `workerData` of a simulated thread. */
export type ThreadData =
  | { readonly kind: 'shard'; readonly shard: number }
  | { readonly kind: 'edge'; readonly edge: number };

/** What planted bugs may change of the ports that threads get. */
export interface ThreadWraps {
  shardPort(port: Port<ShardToEdge, EdgeToShard>, shard: () => Shard): Port<ShardToEdge, EdgeToShard>;
  shardStore(store: Store): Store;
}

export interface SimThread {
  readonly name: string;
  readonly data: ThreadData;
  readonly life: Life;
  readonly shard: Shard | null;
  /** As a segmentation fault would. */
  kill(): void;
  /** Tells main how busy it is; by themselves simulated threads never say so. */
  reportBusy(part: number): void;
}

export interface SimThreadsOptions {
  readonly context: RunContext;
  readonly process: Life;
  readonly machine: Machine;
  readonly network: Network;
  readonly logger: Logger;
  readonly edgeSettings: EdgeSettings;
  readonly store: (caller: Life) => Store;
  readonly wraps: ThreadWraps;
}

/** In place of a MessagePort, until the thread that got it says who it is. */
class PortTicket {
  readonly #channel: SimChannel<EdgeToShard, ShardToEdge>;

  constructor(channel: SimChannel<EdgeToShard, ShardToEdge>) {
    this.#channel = channel;
  }

  edgeEnd(life: Life): Port<EdgeToShard, ShardToEdge> {
    return this.#channel.first({ life, label: kindOf });
  }

  shardEnd(life: Life): Port<ShardToEdge, EdgeToShard> {
    return this.#channel.second({ life, label: kindOf });
  }
}

export class SimThreads implements ThreadRunner {
  readonly #options: SimThreadsOptions;
  readonly #running = new Set<SimThread>();
  #lastNo = 0;

  constructor(options: SimThreadsOptions) {
    this.#options = options;
  }

  get running(): readonly SimThread[] {
    return [...this.#running];
  }

  channel(): { readonly port1: MessagePort; readonly port2: MessagePort } {
    const { context } = this.#options;
    const { chance, plan } = context;
    const channel = new SimChannel<EdgeToShard, ShardToEdge>(context.scheduler, () =>
      chance.delay(plan.linkDelayMs),
    );
    const ticket = new PortTicket(channel) as unknown as MessagePort;
    return { port1: ticket, port2: ticket };
  }

  start<Out, In>(start: ThreadStart<In>): RunningThread<Out> {
    const { context, process } = this.#options;
    const data = start.data as ThreadData;
    const life = new Life(`${process.name}/${start.name}.${++this.#lastNo}`, process);
    const { chance, plan, scheduler } = context;
    const channel = new SimChannel<Out, In>(scheduler, () => chance.delay(plan.linkDelayMs));
    let shell: Shell | null = null;
    const ended = (exitCode: number): void => {
      if (!this.#running.delete(thread)) return;
      life.end();
      shell?.onEnd();
      scheduler.after(process, chance.between(0, 20), `${start.name} exit`, () => start.onExit(exitCode));
    };
    const thread: SimThread = {
      name: start.name,
      data,
      life,
      get shard() {
        return shell?.shard ?? null;
      },
      kill: () => ended(1),
      reportBusy: (part) => toMain.send({ kind: 'busy', part } as In),
    };
    this.#running.add(thread);
    const toThread = channel.first({ life: process, label: kindOf });
    toThread.onMessage((message) => start.onMessage(message));
    const toMain = channel.second({ life, label: kindOf });
    // Loading modules and opening the store takes a while.
    scheduler.after(life, chance.between(5, 60), 'thread begins', () => {
      shell =
        data.kind === 'shard'
          ? this.#shardShell(life, toMain as unknown as Port<ShardToMain, MainToShard>, () => ended(0))
          : this.#edgeShell(data.edge, life, toMain as unknown as Port<EdgeToMain, MainToEdge>, () =>
              ended(0),
            );
    });
    return {
      post: (message) => toThread.send(message),
      terminate: () => {
        ended(1);
        return Promise.resolve();
      },
    };
  }

  #shardShell(life: Life, main: Port<ShardToMain, MainToShard>, exit: () => void): Shell {
    const { context, machine, logger, store, wraps } = this.#options;
    const { scheduler, plan } = context;
    const shard = new Shard({
      store: wraps.shardStore(store(life)),
      clock: simClock(scheduler, machine, life),
      logger,
      defer: (run) => void scheduler.after(life, 0.01, 'drain', run),
      toMain: (message) => {
        main.send(message);
        if (message.kind === 'stopped') scheduler.after(life, 1, 'shard ends', exit);
      },
      mailbox: plan.mailbox,
    });
    main.onMessage((message) => {
      if (message.kind !== 'link') return shard.command(message);
      const port = (message.port as unknown as PortTicket).shardEnd(life);
      return shard.link(
        message.edge,
        wraps.shardPort(port, () => shard),
      );
    });
    main.send({ kind: 'ready' });
    return { shard, onEnd: () => undefined };
  }

  #edgeShell(no: number, life: Life, main: Port<EdgeToMain, MainToEdge>, exit: () => void): Shell {
    const { context, machine, network, logger, edgeSettings } = this.#options;
    const { scheduler, chance, handOvers } = context;
    const edge: Edge = new Edge({
      edge: no,
      settings: edgeSettings,
      clock: simClock(scheduler, machine, life),
      random: chance.fork().asRandom(),
      hashes: { sha256, ripemd160 },
      signatures: nativeSignatures,
      logger,
      publish: (topic, frame) => network.publish(listening, topic, frame),
      fanOut: { audienceMax: 2, deliveriesPerTurn: 2 }, // so that few viewers are many
      defer: (run) => void scheduler.after(life, 0.01, 'words', run),
    });
    const listening: ListeningEdge = { life, edge };
    network.listen(listening);
    main.onMessage((message) => {
      switch (message.kind) {
        case 'link':
          return edge.command({
            ...message,
            port: handOvers.watched((message.port as unknown as PortTicket).edgeEnd(life), life),
          });
        case 'stats':
          return main.send({ kind: 'stats', stats: edge.stats() });
        case 'stop':
          edge.stop(message.closeCode);
          scheduler.after(life, EDGE_TUNING.stopLingerMs, 'edge ends', () => {
            edge.dispose();
            exit();
          });
          return;
        default:
          return edge.command(message);
      }
    });
    main.send({ kind: 'listening', port: 1 });
    return { shard: null, onEnd: () => network.gone(listening) };
  }
}

interface Shell {
  readonly shard: Shard | null;
  onEnd(): void;
}

function kindOf(message: unknown): string {
  return typeof message === 'object' && message !== null && 'kind' in message ? String(message.kind) : 'mail';
}
