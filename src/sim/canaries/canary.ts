/**
 * A planted bug: wraps around ports and patches of classes, never a switch in production code. What it leaves out
 * passes through. Installed for one run and taken out after it.
 */
import type { EdgeToShard, ShardToEdge } from '../../actors/messages.ts';
import type { Port } from '../../actors/port.ts';
import type { Shard } from '../../actors/shard.ts';
import type { Broadcaster, Faucet, HeaderSource } from '../../ports/chain.ts';
import type { Store } from '../../ports/store.ts';
import type { MemoryState } from '../../store/memory/state.ts';
import type { RunPlan } from '../plan.ts';
import type { WriteMethod } from '../write.ts';

/** How a store that others share may be wrong about what is on its way to it. */
export interface StoreFlaws {
  /** Writes that are done however late they arrive, whatever was stored meanwhile. */
  readonly blindWhenLate: readonly WriteMethod[];
  /** It answers a write before that is synced. */
  readonly answersUnsynced: boolean;
}

export type ChainClient = Broadcaster & HeaderSource & Faucet;

export interface Canary {
  readonly name: string;
  /** The bug, in a sentence. */
  readonly bug: string;
  /** What a run is like with this bug: brings about more often what it takes to show. */
  focus(plan: RunPlan): RunPlan;
  /** Patches classes; returns how to undo it. */
  install(): () => void;
  /** The store itself, below what the checkers see of its calls. */
  disk(store: Store, state: MemoryState): Store;
  readonly storeFlaws: StoreFlaws;
  /** The store as a shard has it. */
  shardStore(store: Store): Store;
  /** The shard's end of a link to an edge. */
  shardPort(port: Port<ShardToEdge, EdgeToShard>, shard: () => Shard): Port<ShardToEdge, EdgeToShard>;
  broadcaster(client: ChainClient): ChainClient;
}

export const NO_CANARY: Canary = {
  name: 'none',
  bug: 'nothing is wrong',
  focus: (plan) => plan,
  install: () => () => undefined,
  disk: (store) => store,
  storeFlaws: { blindWhenLate: [], answersUnsynced: false },
  shardStore: (store) => store,
  shardPort: (port) => port,
  broadcaster: (client) => client,
};

/** A canary that differs from none in what is given. */
export function plant(name: string, bug: string, change: Partial<Omit<Canary, 'name' | 'bug'>>): Canary {
  return { ...NO_CANARY, ...change, name, bug };
}
