/** The world as those see it that act on it or check it. Implemented by `world.ts`. */
import type { Disk } from './disk.ts';
import type { SimViewer } from './honest-viewer.ts';
import type { Network } from './network.ts';
import type { RunContext } from './run-context.ts';
import type { SimChain } from './sim-chain.ts';
import type { Machine } from './sim-clock.ts';
import type { SimProcess } from './sim-process.ts';

export interface WorldView {
  readonly context: RunContext;
  readonly machine: Machine;
  readonly network: Network;
  readonly disk: Disk;
  readonly chain: SimChain;
  readonly viewers: readonly SimViewer[];
  /** The newest process; older ones may still be around as zombies. */
  readonly process: SimProcess;
  readonly processes: readonly SimProcess[];
  /** Whom the coins of the engine belong to. */
  readonly treasuryAccount: string;
  /** A new process in place of the newest one; a start that fails is tried again. */
  startProcess(): SimProcess;
  /** Production code threw what it should not. */
  broke(error: unknown): void;
}
