// A simulator that catches no planted bug proves nothing.
import { describe, expect, it } from 'vitest';
import { CANARIES } from '../../src/sim/canaries/all.ts';
import { hunt } from '../../src/sim/canaries/hunt.ts';
import { runSeed } from '../../src/sim/run.ts';

/** Where rare ones are caught first, so that this stays short; `npm run sim -- --canaries` begins at 1 for all. */
const FROM: Readonly<Record<string, number>> = {
  'hold-after-the-end': 183,
  'late-save-wins': 20,
  'outbox-changes-bytes': 20,
  'torn-list-trusted': 20,
  'release-skipped': 14,
};

describe('a planted bug', () => {
  it.each(CANARIES.map((canary) => [canary.name, canary] as const))('is caught: %s', async (name, canary) => {
    const { caught } = await hunt(canary, { from: FROM[name] ?? 1, seedsMax: 60 });
    expect(caught).not.toBeNull();
  });

  it('leaves nothing behind', async () => {
    expect((await runSeed({ seed: 1 })).failure).toBeNull();
  });
});
