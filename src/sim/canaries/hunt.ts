/** Runs seeds with a planted bug until a checker finds it. */
import { runSeed } from '../run.ts';
import type { Failure } from '../world.ts';
import type { Canary } from './canary.ts';

export interface Hunt {
  readonly name: string;
  readonly bug: string;
  /** Seeds that were run. */
  readonly seeds: number;
  /** Null: nobody noticed. */
  readonly caught: (Failure & { readonly seed: number }) | null;
}

export async function hunt(
  canary: Canary,
  options: { readonly from: number; readonly seedsMax: number },
): Promise<Hunt> {
  const { name, bug } = canary;
  for (let no = 0; no < options.seedsMax; no++) {
    const seed = options.from + no;
    const { failure } = await runSeed({ seed, canary });
    if (failure !== null) return { name, bug, seeds: no + 1, caught: { ...failure, seed } };
  }
  return { name, bug, seeds: options.seedsMax, caught: null };
}
