import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { accountId, bin, roundId, streamId, time, u32 } from '../../test/fuzz/arbitraries.ts';
import { equalBytes, toHex } from '../core/bytes.ts';
import { LIMITS } from '../core/limits.ts';
import { sats } from '../core/sats.ts';
import { nativeSignatures } from '../platform/signatures.ts';
import { authBytes, decodeCommitment, encodeCommitment, verifySigned } from './commitment.ts';
import { type Commitment, NETWORKS } from './types.ts';

const sha256 = (data: Uint8Array): Uint8Array => createHash('sha256').update(data).digest();

const chain = fc.record({
  unitSats: fc.integer({ min: 1, max: LIMITS.unitSatsMax }).map(sats),
  anchor: bin(32),
  length: fc.integer({ min: 1, max: LIMITS.chainLengthMax }),
});

const commitment: fc.Arbitrary<Commitment> = fc
  .record({
    version: fc.constant(1 as const),
    network: fc.constantFrom(...NETWORKS),
    streamId,
    payer: accountId,
    roundId,
    chains: fc.uniqueArray(chain, {
      minLength: 1,
      maxLength: LIMITS.chainsMax,
      selector: (one) => toHex(one.anchor),
    }),
    rateSatsPerSecond: fc.integer({ min: 1, max: LIMITS.rateSatsPerSecondMax }),
    times: fc.tuple(time, time),
    nonce: bin(32),
  })
  .map(({ times, ...rest }) => ({
    ...rest,
    notBeforeMs: Math.min(...times),
    expiryMs: Math.max(...times),
  }));

const bad = { ok: false, code: 'BAD_COMMITMENT' };

test('a commitment comes back from its bytes, and fits its limit', () => {
  fc.assert(
    fc.property(commitment, (value) => {
      const bytes = encodeCommitment(value);
      expect(decodeCommitment(bytes)).toEqual({ ok: true, commitment: value });
      expect(bytes.length).toBeLessThanOrEqual(LIMITS.commitmentBytesMax);
    }),
    { numRuns: 500 },
  );
});

test('bytes that are accepted are the only spelling of what they say', () => {
  fc.assert(
    fc.property(commitment, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, flip) => {
      const bytes = encodeCommitment(value);
      const mutated = Uint8Array.from(bytes);
      const position = at % bytes.length;
      mutated[position] = (bytes[position] ?? 0) ^ flip;
      const decoded = decodeCommitment(mutated);
      if (!decoded.ok) return;
      expect(decoded.commitment).not.toEqual(value);
      expect(toHex(encodeCommitment(decoded.commitment))).toBe(toHex(mutated));
    }),
    { numRuns: 2000 },
  );
});

test('any bytes are refused or are canonical', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (tail) => {
      for (const bytes of [tail, Uint8Array.of(0x52, 0x53, 0x43, 1, 2, ...tail)]) {
        const decoded = decodeCommitment(bytes);
        if (decoded.ok) expect(toHex(encodeCommitment(decoded.commitment))).toBe(toHex(bytes));
        else expect(decoded).toEqual(bad);
      }
    }),
    { numRuns: 1000 },
  );
});

test('every truncation and every extension is refused', () => {
  fc.assert(
    fc.property(commitment, fc.uint8Array({ minLength: 1, maxLength: 300 }), (value, more) => {
      const bytes = encodeCommitment(value);
      for (let length = 0; length < bytes.length; length++) {
        expect(decodeCommitment(bytes.subarray(0, length))).toEqual(bad);
      }
      expect(decodeCommitment(Uint8Array.of(...bytes, ...more))).toEqual(bad);
    }),
    { numRuns: 20 },
  );
});

test('each field has its limits', () => {
  const [value] = fc.sample(commitment, { numRuns: 1, seed: 7 });
  if (value === undefined) throw new Error('no sample');
  const [first] = value.chains;
  if (first === undefined) throw new Error('a commitment has a chain');
  const wrong: Partial<Record<keyof Commitment, unknown>>[] = [
    { network: 'moon' },
    { streamId: 'ab' },
    { payer: value.payer.toUpperCase().replace(/^./, 'G') },
    { roundId: 'Round' },
    { roundId: '' },
    { roundId: 'a'.repeat(49) },
    { chains: [] },
    { chains: Array.from({ length: 5 }, (_, i) => ({ ...first, anchor: new Uint8Array(32).fill(i) })) },
    { chains: [first, { ...first, unitSats: sats(1000) }] },
    { chains: [{ ...first, unitSats: 0 }] },
    { chains: [{ ...first, unitSats: LIMITS.unitSatsMax + 1 }] },
    { chains: [{ ...first, length: 0 }] },
    { chains: [{ ...first, length: LIMITS.chainLengthMax + 1 }] },
    { chains: [{ ...first, anchor: new Uint8Array(31) }] },
    { rateSatsPerSecond: 0 },
    { rateSatsPerSecond: LIMITS.rateSatsPerSecondMax + 1 },
    { notBeforeMs: value.expiryMs + 1 },
    { expiryMs: 2 ** 53 },
    { nonce: new Uint8Array(33) },
  ];
  for (const fields of wrong) {
    expect(() => encodeCommitment({ ...value, ...fields } as Commitment), JSON.stringify(fields)).toThrow(
      'not valid',
    );
  }
});

test('a signed commitment holds only with its own bytes, key and signature', () => {
  const [value, other] = fc.sample(commitment, { numRuns: 2, seed: 8 });
  if (value === undefined || other === undefined) throw new Error('no sample');
  const privateKey = new Uint8Array(32).fill(5);
  const bytes = encodeCommitment(value);
  const signed = {
    commitment: value,
    bytes,
    publicKey: nativeSignatures.publicKey(privateKey),
    signature: nativeSignatures.sign(sha256(bytes), privateKey),
  };
  const holds = (part: Partial<typeof signed>): boolean =>
    verifySigned({ ...signed, ...part }, { sha256, signatures: nativeSignatures });
  expect(holds({})).toBe(true);
  expect(holds({ commitment: other })).toBe(false);
  expect(holds({ commitment: { ...value, nonce: new Uint8Array(3) } })).toBe(false);
  expect(holds({ bytes: encodeCommitment(other) })).toBe(false);
  expect(holds({ publicKey: nativeSignatures.publicKey(new Uint8Array(32).fill(6)) })).toBe(false);
  expect(holds({ publicKey: new Uint8Array(33) })).toBe(false);
  expect(holds({ signature: signed.signature.map((byte, i) => (i === 40 ? byte ^ 1 : byte)) })).toBe(false);
});

test('what AUTH signs differs for every network and nonce', () => {
  fc.assert(
    fc.property(bin(32), bin(32), u32, (nonce, other, pick) => {
      const network = NETWORKS[pick % 3] ?? 'dev';
      expect(new TextDecoder().decode(authBytes(network, nonce).subarray(0, 17))).toBe('ringside.v1 auth\n');
      expect(equalBytes(authBytes(network, nonce), authBytes(network, other))).toBe(equalBytes(nonce, other));
    }),
  );
  const nonce = new Uint8Array(32);
  expect(new Set(NETWORKS.map((network) => toHex(authBytes(network, nonce)))).size).toBe(3);
});
