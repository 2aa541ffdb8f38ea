/** Viewers for a running engine, from the side of the bench: made, funded, and told what to do. */
import type { RoundTerms } from '../../src/round/terms.ts';
import { type Child, startChild } from '../lib/child.ts';
import type { CrowdCalls } from './crowd-process.ts';
import type { LiveEngine } from './engine.ts';

export async function startCrowd(
  engine: LiveEngine,
  plan: {
    readonly viewers: number;
    readonly rounds: readonly RoundTerms[];
    readonly watchSeconds: number;
    readonly gifts: number;
  },
): Promise<Child<CrowdCalls>> {
  const crowd = await startChild<CrowdCalls>(new URL('./crowd-process.ts', import.meta.url));
  const rounds = plan.rounds.map(({ roundId }) => roundId);
  const accounts = await crowd.call('prepare', { ...plan, rounds, edgePort: engine.edgePort });
  await engine.calls.call('fund', accounts);
  return crowd;
}
