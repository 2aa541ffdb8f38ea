import { expect, it } from 'vitest';
import { Prng } from '../../src/core/prng.ts';
import { mutatedJson } from './mutate-json.ts';

const DOCUMENT = { a: true, b: [{ c: 'x' }, 1], d: '' };

function documentsOf(seed: number): string[] {
  const random = new Prng(seed);
  return Array.from({ length: 20_000 }, () => JSON.stringify({ it: mutatedJson(DOCUMENT, random) }));
}

it('makes documents that can be written, however many were made before, and the same ones of the same seed', () => {
  expect(documentsOf(7)).toEqual(documentsOf(7));
});
