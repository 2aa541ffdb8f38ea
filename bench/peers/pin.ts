/** Where processes of a run may run: the server alone on one core, its load on the others. */
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Of util-linux. */
const PIN = 'taskset';

/** What was done, for the report. */
export type Placement = 'server on core 0, load on the others' | 'left to the kernel';

/** Threads that the processes start later are where these are. Elsewhere than on Linux the kernel decides. */
export function placeApart(server: number, load: readonly number[]): Placement {
  const cores = availableParallelism();
  if (cores < 2) return 'left to the kernel';
  try {
    pin(server, '0');
    for (const pid of load) pin(pid, cores === 2 ? '1' : `1-${cores - 1}`);
    return 'server on core 0, load on the others';
  } catch {
    return 'left to the kernel'; // it is not there, or this process may not use all cores
  }
}

function pin(pid: number, cores: string): void {
  execFileSync(PIN, ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)], { stdio: 'ignore' });
}
