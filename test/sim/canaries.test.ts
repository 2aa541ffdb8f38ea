// A simulator that catches no planted bug proves nothing.
import { describe, expect, it } from 'vitest';
import { CANARIES } from '../../src/sim/canaries/all.ts';
import { hunt } from '../../src/sim/canaries/hunt.ts';
import { runSeed } from '../../src/sim/run.ts';

/** The rarest is caught in one of twelve; what a seed does changes with the engine. */
const SEEDS_MAX = 150;

describe('a planted bug', () => {
  it.each(CANARIES.map((canary) => [canary.name, canary] as const))('is caught: %s', async (_, canary) => {
    const { caught } = await hunt(canary, { from: 1, seedsMax: SEEDS_MAX });
    expect(caught).not.toBeNull();
  });

  it('leaves nothing behind', async () => {
    expect((await runSeed({ seed: 1 })).failure).toBeNull();
  });
});
