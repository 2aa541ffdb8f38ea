/** A short run of what `npm run fuzz` does for long: the same seed each time, so that it fails for a reason. */
import { expect, it } from 'vitest';
import { Prng } from '../../src/core/prng.ts';
import { runCanaries } from './canaries.ts';
import { runDecoders } from './decoder-run.ts';
import { mutated } from './mutate.ts';
import { decoderTargets } from './targets/all.ts';
import { commitments } from './targets/vouchers.ts';

const SEED = 20_261_120;
const SECONDS = 2.5;
const CANARY_SECONDS = 0.3;

it('every decoder is sound for some thousand inputs', async () => {
  const { targets, failures } = runDecoders(await decoderTargets(), SECONDS, SEED);
  expect(failures).toEqual([]);
  for (const target of targets) {
    expect(target.accepted, target.name).toBeGreaterThan(0);
    expect(target.refused, target.name).toBeGreaterThan(0);
  }
});

it('every fault that is planted is caught', () => {
  expect(runCanaries(SEED, CANARY_SECONDS).filter(({ by }) => by === null)).toEqual([]);
});

function inputs(seed: number): Uint8Array[] {
  const [corpus, random] = [commitments.corpus(new Prng(seed)), new Prng(seed)];
  return Array.from({ length: 50 }, () => mutated(random, corpus));
}

it('the same seed gives the same inputs', () => {
  expect(inputs(SEED)).toEqual(inputs(SEED));
  expect(inputs(SEED)).not.toEqual(inputs(SEED + 1));
});
