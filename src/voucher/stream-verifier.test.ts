import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { HashChain } from './hash-chain.ts';
import { type RevealInput, StreamVerifier, type Verdict } from './stream-verifier.ts';
import type { WordReveal } from './types.ts';

const sha256 = (data: Uint8Array): Uint8Array => createHash('sha256').update(data).digest();
const START = 50_000;

const chains = [1, 1000].map((unitSats, i) => ({
  unitSats,
  chain: HashChain.fromSeed({ seed: new Uint8Array(32).fill(i + 1), length: 3000, sha256 }),
}));

function word(chain: number, index: number): WordReveal {
  const source = chains[chain]?.chain ?? chains[0]?.chain;
  if (source === undefined) throw new Error('there is a chain');
  return { chain, index, word: source.word(index) };
}

function open(holdSats: number): (input: Partial<RevealInput>) => Verdict {
  const verifier = new StreamVerifier({
    tips: chains.map(({ chain }) => ({ index: 0, word: chain.anchor })),
    chains: chains.map(({ unitSats, chain }) => ({ unitSats, length: chain.length })),
    rateSatsPerSecond: 1,
    watchFromMs: START,
    holdSats,
    watchSats: 0,
    paidSats: 0,
  });
  return (input) => verifier.accept({ purpose: 'gift', reveals: [], nowMs: START, sha256, ...input });
}

test('a gift of 25,300 sats is 25 words on one chain and 300 on the other', () => {
  const pay = open(100_000);
  const reveals = [word(1, 25), word(0, 300)];
  expect(pay({ reveals })).toEqual({ ok: true, sats: 25_300, fresh: true });
  expect(pay({ reveals })).toEqual({ ok: true, sats: 0, fresh: false });
});

test('the records of a gift have to fit into the hold together, and are refused together', () => {
  const pay = open(1299);
  expect(pay({ reveals: [word(1, 1), word(0, 300)] })).toEqual({ ok: false, code: 'OVER_HOLD' });
  expect(pay({ reveals: [word(0, 300)] })).toEqual({ ok: true, sats: 300, fresh: true });
  expect(pay({ reveals: [word(0, 299), word(1, 1)] })).toEqual({ ok: false, code: 'OVER_HOLD' });
});

test('one bad word spoils the gift', () => {
  const pay = open(100_000);
  const spoiled = { ...word(0, 300), word: new Uint8Array(32) };
  expect(pay({ reveals: [word(1, 25), spoiled] })).toEqual({ ok: false, code: 'BAD_WORD' });
  expect(pay({ reveals: [word(1, 25)] })).toEqual({ ok: true, sats: 25_000, fresh: true });
});

test('a viewer who returns after a gap pays for it with one word', () => {
  const pay = open(100_000);
  const reveals = [word(0, 120)];
  const watch = { purpose: 'watch', reveals } as const;
  expect(pay({ ...watch, nowMs: START + 114_999 })).toEqual({ ok: false, code: 'TOO_EARLY' });
  expect(pay({ ...watch, nowMs: START + 115_000 })).toEqual({ ok: true, sats: 120, fresh: true });
});

test('seconds after the end of the round cannot be paid for', () => {
  const pay = open(100_000);
  const late = { purpose: 'watch', nowMs: START + 500_000, endsAtMs: START + 10_000 } as const;
  expect(pay({ ...late, reveals: [word(0, 16)] })).toEqual({ ok: false, code: 'TOO_EARLY' });
  expect(pay({ ...late, reveals: [word(0, 15)] })).toEqual({ ok: true, sats: 15, fresh: true });
});

test('a word below the tip is old news; at the tip it has to be the tip', () => {
  const pay = open(100_000);
  expect(pay({ reveals: [word(0, 10)] })).toEqual({ ok: true, sats: 10, fresh: true });
  expect(pay({ reveals: [word(0, 3)] })).toEqual({ ok: true, sats: 0, fresh: false });
  expect(pay({ reveals: [word(0, 10)] })).toEqual({ ok: true, sats: 0, fresh: false });
  expect(pay({ reveals: [{ ...word(0, 9), index: 10 }] })).toEqual({ ok: false, code: 'BAD_WORD' });
});

test.each([
  ['UNKNOWN_CHAIN', [word(2, 1)]],
  ['CHAIN_EXHAUSTED', [{ ...word(0, 3000), index: 3001 }]],
  ['STEP_TOO_LARGE', [word(0, 2001)]],
  ['BAD_WORD', [{ ...word(0, 1), word: new Uint8Array(31) }]],
  ['BAD_FRAME', []],
  ['BAD_FRAME', [word(0, 1), word(0, 2)]],
] as const)('%s', (code, reveals) => {
  expect(open(10_000_000)({ reveals })).toEqual({ ok: false, code });
});
