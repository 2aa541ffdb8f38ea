/** No byte of a receipt can change without a check failing, and the check says which. */
import { readFile } from 'node:fs/promises';
import { assert as property, integer, property as forAll, tuple } from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { ripemd160 as nobleRipemd160 } from '@noble/hashes/legacy.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import type { StreamId } from '../core/ids.ts';
import { ripemd160, sha256 } from '../platform/hash.ts';
import { nativeSignatures } from '../platform/signatures.ts';
import type { RoundTerms } from '../round/terms.ts';
import { checkTerms } from '../round/terms-check.ts';
import type { VerifyTools } from './checks/check.ts';
import { battle } from './testing/battle.ts';
import { settledRounds } from './testing/settled-rounds.ts';
import { type ReceiptVerdict, verifyInclusion, verifyReceipt } from './verify-receipt.ts';

const tools: VerifyTools = {
  sha256,
  ripemd160,
  verifySignature: (hash, signature, publicKey) => nativeSignatures.verify(hash, signature, publicKey),
};

let paid: Uint8Array;
let quiet: Uint8Array;

/** Real receipts: one with payments, one without. */
beforeAll(async () => {
  const settled = await settledRounds([
    { roundId: 'paid', viewers: 5, paying: 1 },
    { roundId: 'quiet', viewers: 5, paying: 0 },
  ]);
  [paid = new Uint8Array(), quiet = new Uint8Array()] = settled.map(({ receipt }) => receipt);
});

function expectNamedFailure({ ok, checks }: ReceiptVerdict): string {
  expect(ok).toBe(false);
  const failed = checks.find((check) => !check.ok);
  expect(failed?.name).toMatch(/^[a-z -]+$/);
  expect(failed?.detail).not.toBe('');
  return failed?.name ?? '';
}

/** Replaces text in the receipt; the text has to be there. */
function changed(bytes: Uint8Array, from: string | RegExp, to: string): Uint8Array {
  const text = new TextDecoder().decode(bytes);
  const next = text.replace(from, to);
  expect(next).not.toBe(text);
  return new TextEncoder().encode(next);
}

/** The terms with another value at `path`, as `end.atMs`. */
function withField(terms: RoundTerms, path: string, value: number): RoundTerms {
  const [name = '', inner] = path.split('.');
  if (inner === undefined) return { ...terms, [name]: value };
  if (name === 'end') {
    const end = inner === 'atMs' ? { kind: 'time', atMs: value } : { kind: 'height', height: value };
    return { ...terms, end: end as RoundTerms['end'] };
  }
  const before = terms[name as 'prize' | 'scoring' | 'overtime'];
  return { ...terms, [name]: { ...before, [inner]: value } };
}

describe('a receipt', () => {
  it('passes every check as it was published, with native tools and with those of the browser', () => {
    const browser: VerifyTools = {
      sha256: nobleSha256,
      ripemd160: nobleRipemd160,
      verifySignature: (hash, signature, publicKey) =>
        secp256k1.verify(signature, hash, publicKey, { prehash: false }),
    };
    for (const bytes of [paid, quiet]) {
      expect(verifyReceipt(bytes, tools)).toMatchObject({ ok: true });
      expect(verifyReceipt(bytes, browser)).toEqual(verifyReceipt(bytes, tools));
    }
  });

  it('is checked by the checks that docs/RECEIPT.md lists, in that order', async () => {
    const page = await readFile(new URL('../../docs/RECEIPT.md', import.meta.url), 'utf8');
    const documented = [...page.matchAll(/^\| \d? ?\| `([a-z -]+)` \|/gm)].map(([, name]) => name);
    expect(verifyReceipt(paid, tools).checks.map((check) => check.name)).toEqual(documented);
  });

  it('has terms within exactly the bounds that docs/RECEIPT.md states', async () => {
    const page = await readFile(new URL('../../docs/RECEIPT.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `([\w.]+)` \| (\d+) \| (\d+) \|$/gm)];
    expect(rows.length).toBe(15);
    const { terms } = battle({ roundId: 'bounds', viewers: 1 });
    const whole: RoundTerms = { ...terms, overtime: { windowMs: 1, extendMs: 1, extensionsMax: 1 } };
    for (const [, path = '', from, to] of rows) {
      const says = (value: number): boolean =>
        checkTerms(withField(whole, path, value)).some(({ field, message }) =>
          field === path ? message.startsWith('has to be an integer') : false,
        );
      const bad = [Number(from) - 1, Number(from), Number(to), Number(to) + 1].map(says);
      expect([path, ...bad]).toEqual([path, true, false, false, true]);
    }
  });

  it('fails a named check when any byte of it is changed, wherever', () => {
    const failures = new Map<string, number>();
    for (const bytes of [paid, quiet]) {
      property(
        forAll(integer({ min: 0, max: bytes.length - 1 }), integer({ min: 1, max: 255 }), (at, by) => {
          const other = Uint8Array.from(bytes);
          other[at] = (other[at] ?? 0) ^ by;
          const name = expectNamedFailure(verifyReceipt(other, tools));
          failures.set(name, (failures.get(name) ?? 0) + 1);
        }),
        { numRuns: 400 },
      );
    }
    expect(failures.size).toBeGreaterThan(1);
  });

  it('has names that are text, in one spelling each, and no longer than a viewer can choose', () => {
    const first = /"name":"[^"]*","tips"/;
    // A lone surrogate has no UTF-8: in the leaf it would be the same bytes as U+FFFD.
    for (const name of ['\\ud800', 'n'.repeat(33), 'n'.repeat(70_000)]) {
      const [form] = verifyReceipt(changed(paid, first, `"name":"${name}","tips"`), tools).checks;
      expect(form).toMatchObject({ name: 'form', ok: false });
    }
    const [form] = verifyReceipt(changed(paid, first, `"name":"${'n'.repeat(32)}","tips"`), tools).checks;
    expect(form).toMatchObject({ name: 'form', ok: true });
  });

  it('fails a named check when any digit of it becomes another digit', () => {
    const failures = new Set<string>();
    for (const bytes of [paid, quiet]) {
      const digits = [...bytes.keys()].filter((at) => /[0-9a-f]/.test(String.fromCharCode(bytes[at] ?? 0)));
      property(
        forAll(
          tuple(integer({ min: 0, max: digits.length - 1 }), integer({ min: 0, max: 9 })),
          ([no, digit]) => {
            const other = Uint8Array.from(bytes);
            const at = digits[no] ?? 0;
            if (other[at] === 48 + digit) return;
            other[at] = 48 + digit;
            failures.add(expectNamedFailure(verifyReceipt(other, tools)));
          },
        ),
        { numRuns: 700 },
      );
    }
    expect([...failures]).toEqual(expect.arrayContaining(['form', 'signatures', 'words', 'transactions']));
  });

  it('fails when it is cut, extended or rearranged', () => {
    for (const length of [0, 1, 100, paid.length - 1])
      expectNamedFailure(verifyReceipt(paid.subarray(0, length), tools));
    expectNamedFailure(verifyReceipt(Uint8Array.of(...paid, 10), tools));
    expectNamedFailure(verifyReceipt(changed(paid, '{"format"', '{ "format"'), tools));
    expectNamedFailure(verifyReceipt(changed(paid, '"version":1,', ''), tools));
    expectNamedFailure(verifyReceipt(changed(paid, '{"format"', '{"extra":0,"format"'), tools));
    expectNamedFailure(
      verifyReceipt(changed(paid, /"version":1,"status":"mined"/, '"status":"mined","version":1'), tools),
    );
  });

  it.each([
    ['the rate of pay', /"rateSatsPerSecond":1/, '"rateSatsPerSecond":2', 'commitments'],
    ['the title', 'quoted', 'QUOTED', 'commitment'],
    ['a vote', /"votes":\d+/, '"votes":49', 'ranking'],
    ['a name of a viewer', /viewer(\d)"/, 'vIewer$1"', 'merkle-sum root'],
    ['an amount', /"watchSats":([1-9]\d*)/, '"watchSats":1$1', 'amounts'],
    ['a share of the prize table', '"platformBps":1100', '"platformBps":1101', 'terms'],
    ['the direct share', '"directBps":4250', '"directBps":4251', 'payees'],
    ['a payee', /"shareSats":(\d+)/, '"shareSats":1$1', 'payees'],
    ['a total', /"platformSats":(\d+)/, '"platformSats":1$1', 'totals'],
    ['the fee rate', '"feeSatsPerKb":100', '"feeSatsPerKb":101', 'commitment'],
    ['the root', /"root":"(..)/, '"root":"0000', 'form'],
    ['a txid', /"txid":"./, '"txid":"', 'form'],
    ['the height of a block', /"height":(\d+)/, '"height":1$1', 'merkle paths'],
    ['the block', /"block":\{[^}]*\}/, '"block":null', 'status'],
  ])('names the check that sees a change of %s', (_, from, to, name) => {
    expect(expectNamedFailure(verifyReceipt(changed(paid, from, to), tools))).toBe(name);
  });

  it('is provisional, and says so, without its blocks', () => {
    const stripped = changed(
      changed(paid, /"block":\{[^}]*\}/, '"block":null'),
      '"status":"mined"',
      '"status":"accepted"',
    );
    const verdict = verifyReceipt(stripped, tools);
    expect(expectNamedFailure(verdict)).toBe('merkle paths');
    expect(verdict.checks.find((check) => !check.ok)?.detail).toContain('provisional');
  });
});

describe('verifyInclusion', () => {
  it('finds every stream of a receipt and no other', () => {
    const ids = [
      ...new TextDecoder().decode(paid).matchAll(/"commitment":"52534301[0-9a-f]{2}([0-9a-f]{32})/g),
    ];
    expect(ids).toHaveLength(5);
    for (const [, id] of ids) {
      const verdict = verifyInclusion(paid, id as StreamId, tools);
      expect(verdict.checks.filter((check) => !check.ok)).toEqual([]);
      expect(verdict.paidSats).toBeGreaterThan(0);
    }
    const none = verifyInclusion(paid, '00'.repeat(16) as StreamId, tools);
    expect(none).toMatchObject({ ok: false, paidSats: null });
    expect(expectNamedFailure(none)).toBe('stream');
  });

  it('fails when the stream or the root was changed', () => {
    const [, id] =
      /"commitment":"52534301[0-9a-f]{2}([0-9a-f]{32})/.exec(new TextDecoder().decode(paid)) ?? [];
    const inflated = changed(paid, /"paidSats":(\d+),"holdSats":100000/, '"paidSats":1$1,"holdSats":100000');
    expectNamedFailure(verifyInclusion(inflated, id as StreamId, tools));
    const other = changed(paid, /"root":"[0-9a-f]{2}/, '"root":"00');
    expectNamedFailure(verifyInclusion(other, id as StreamId, tools));
  });
});
