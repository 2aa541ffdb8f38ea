import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { toHex } from '../core/bytes.ts';
import { HashChain } from './hash-chain.ts';

const plain = (data: Uint8Array): Uint8Array => createHash('sha256').update(data).digest();

function naive(seed: Uint8Array, length: number): Uint8Array[] {
  const words = [seed];
  while (words.length <= length) words.unshift(plain(words[0] ?? seed));
  return words;
}

test('every word of every short chain is the one that hashing from the seed gives', () => {
  for (let length = 1; length <= 40; length++) {
    const seed = new Uint8Array(32).fill(length);
    const chain = HashChain.fromSeed({ seed, length, sha256: plain });
    const words = naive(seed, length).map(toHex);
    expect(Array.from({ length: length + 1 }, (_, i) => toHex(chain.word(i)))).toEqual(words);
    expect(toHex(chain.anchor)).toBe(words[0]);
    expect(toHex(chain.word(length))).toBe(toHex(seed));
  }
});

test('words come out right in any order', () => {
  const seed = new Uint8Array(32).fill(9);
  const chain = HashChain.fromSeed({ seed, length: 1000, sha256: plain });
  const words = naive(seed, 1000);
  for (let i = 0, index = 0; i < 500; i++, index = (index + 617) % 1001) {
    expect(toHex(chain.word(index))).toBe(toHex(words[index] ?? seed));
  }
});

test('a word is a copy: writing to it changes nothing', () => {
  const chain = HashChain.fromSeed({ seed: new Uint8Array(32), length: 10, sha256: plain });
  for (const index of [0, 5, 10]) {
    const before = toHex(chain.word(index));
    chain.word(index).fill(0xff);
    expect(toHex(chain.word(index))).toBe(before);
  }
});

test('revealing upwards costs one hash a word on average, and making a chain one a word', () => {
  let hashes = 0;
  const counting = (data: Uint8Array): Uint8Array => {
    hashes++;
    return plain(data);
  };
  const length = 10_000;
  const chain = HashChain.fromSeed({ seed: new Uint8Array(32), length, sha256: counting });
  expect(hashes).toBe(length);
  hashes = 0;
  for (let index = 1; index <= length; index++) chain.word(index);
  expect(hashes).toBeLessThanOrEqual(length);
});

function make(seedBytes: number, length: number): () => HashChain {
  return () => HashChain.fromSeed({ seed: new Uint8Array(seedBytes), length, sha256: plain });
}

test('a seed or length out of range is a bug of the caller', () => {
  expect(make(31, 10)).toThrow('seed');
  expect(make(32, 0)).toThrow('length');
  expect(make(32, 1.5)).toThrow('length');
  expect(make(32, 1_000_001)).toThrow('length');
  expect(() => make(32, 3)().word(4)).toThrow('index');
});
