import { expect, it } from 'vitest';
import { Prng } from '../../src/core/prng.ts';
import { mutatedJson } from './mutate-json.ts';

it('makes documents that can be written, however many were made before, and the same ones of the same seed', () => {
  const made = (): string[] => {
    const random = new Prng(7);
    return Array.from({ length: 20_000 }, () =>
      JSON.stringify({ it: mutatedJson({ a: true, b: [{ c: 'x' }, 1], d: '' }, random) }),
    );
  };
  expect(made()).toEqual(made());
});
