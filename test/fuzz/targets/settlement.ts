/** What settlement stores and publishes: receipts, statements and their parts, plans. */
import { isDeepStrictEqual } from 'node:util';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { nodeVerifyTools } from '../../../src/cli/verify-tools.ts';
import { equalBytes, fromHex, utf8 } from '../../../src/core/bytes.ts';
import { EngineError } from '../../../src/core/errors.ts';
import type { StreamId } from '../../../src/core/ids.ts';
import { decodeLeaf, encodeLeaf } from '../../../src/settlement/leaf-codec.ts';
import { decodePlan, encodePlan } from '../../../src/settlement/plan.ts';
import { parseReceipt, serialiseReceipt } from '../../../src/settlement/receipt-format.ts';
import { decodeOutcome, encodeOutcome } from '../../../src/settlement/results-codec.ts';
import {
  decodeStatement,
  decodeStatementHead,
  encodeStatement,
} from '../../../src/settlement/statement-codec.ts';
import { decodeTerms, encodeTerms } from '../../../src/settlement/terms-codec.ts';
import type { Settled } from '../../../src/settlement/testing/settled-rounds.ts';
import { verifyInclusion, verifyReceipt } from '../../../src/settlement/verify-receipt.ts';
import { decodeCommitment } from '../../../src/voucher/commitment.ts';
import { mutatedJson } from '../mutate-json.ts';
import { type CaseOutcome, type Codec, type Target, checkCodec, insist } from '../target.ts';

/** As in a browser, where another library verifies; slow, so only for receipts that get as far as signatures. */
const browserTools = {
  ...nodeVerifyTools,
  verifySignature: (hash: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean => {
    try {
      return secp256k1.verify(signature, hash, publicKey, { prehash: false });
    } catch {
      return false;
    }
  },
};

const receiptCodec = {
  decode: (bytes: Uint8Array) => {
    const parsed = parseReceipt(bytes);
    if (parsed.ok) return parsed.receipt;
    insist(parsed.problem !== '', 'refused without saying why');
    return undefined;
  },
  encode: serialiseReceipt,
  isCanonical: true,
};

function jsonMutation(seed: Uint8Array, random: Parameters<typeof mutatedJson>[1]): Uint8Array {
  return utf8(`${JSON.stringify(mutatedJson(JSON.parse(new TextDecoder().decode(seed)), random))}\n`);
}

/** Nothing but what was published may pass, whole or for one viewer. */
export function receiptTarget(settled: readonly Settled[]): Target {
  const published = settled.map(({ receipt }) => receipt);
  return {
    name: 'receipts',
    corpus: () => published,
    shape: jsonMutation,
    run(input): CaseOutcome {
      const outcome = checkCodec(receiptCodec, input);
      const genuine = published.some((receipt) => equalBytes(receipt, input));
      const verdict = verifyReceipt(input, nodeVerifyTools);
      const failed = verdict.checks.find((check) => !check.ok);
      insist(verdict.ok === genuine, genuine ? `fails ${failed?.name ?? ''}` : 'passes every check');
      insist(verdict.ok || (failed?.detail ?? '') !== '', 'a failed check does not say why');
      if (verdict.checks.some(({ name }) => name === 'signatures')) {
        const browser = verifyReceipt(input, browserTools);
        insist(isDeepStrictEqual(browser, verdict), 'a browser would find otherwise');
      }
      for (const id of idsOf(input)) {
        const inclusion = verifyInclusion(input, id, nodeVerifyTools);
        insist(!inclusion.ok || genuine, `stream ${id} passes`);
      }
      return outcome;
    },
  };
}

/** The first two streams of a receipt that can be read, and one that is not there. */
function idsOf(input: Uint8Array): StreamId[] {
  const parsed = parseReceipt(input);
  if (!parsed.ok) return [];
  const ids = parsed.receipt.streams.slice(0, 2).flatMap(({ commitment }) => {
    const decoded = decodeCommitment(fromHex(commitment));
    return decoded.ok ? [decoded.commitment.streamId] : [];
  });
  return [...ids, '00'.repeat(16) as StreamId];
}

const parts = {
  RSS: { decode: decodeStatement, encode: encodeStatement, isCanonical: true },
  RSL: { decode: decodeLeaf, encode: encodeLeaf, isCanonical: true },
  RST: { decode: decodeTerms, encode: encodeTerms, isCanonical: true },
  RSR: { decode: decodeOutcome, encode: encodeOutcome, isCanonical: true },
};

/** Statements, leaves, terms and outcomes; each input is given to all four. */
export function statementTarget(settled: readonly Settled[]): Target {
  return {
    name: 'statements',
    corpus: () =>
      settled.flatMap(({ statement }) => [
        encodeStatement(statement),
        encodeTerms(statement.terms),
        encodeTerms({ ...statement.terms, overtime: null, end: { kind: 'height', height: 7 } }),
        encodeOutcome(statement),
        ...statement.streams.slice(0, 2).map(encodeLeaf),
      ]),
    run(input): CaseOutcome {
      const outcomes = Object.values<Codec<never>>(parts as never).map((codec) => checkCodec(codec, input));
      const head = decodeStatementHead(input);
      const whole = decodeStatement(input);
      insist(whole === undefined || head !== undefined, 'a whole statement has no head');
      return outcomes.includes('accepted') ? 'accepted' : 'refused';
    },
  };
}

/** JSON of our own, read back from our own store: anything else is STORE_FAILED, as documented. */
export function planTarget(settled: readonly Settled[]): Target {
  const plans = settled.map(({ receipt }) => {
    const parsed = parseReceipt(receipt);
    if (!parsed.ok) throw new Error(parsed.problem);
    const { payees, totals, transactions, feeSatsPerKb } = parsed.receipt;
    const planned = transactions.map(({ txid, feeSats }) => ({ txid, feeSats, changeSats: 1 }));
    const { minerFeeSats: _fees, ...divided } = totals;
    const owed = payees.map(({ output: _place, ...payee }) => payee);
    return encodePlan({ format: 1, feeSatsPerKb, payees: owed, totals: divided, transactions: planned });
  });
  return {
    name: 'plans',
    corpus: () => plans,
    shape: jsonMutation,
    run(input): CaseOutcome {
      try {
        decodePlan(input);
        return 'accepted';
      } catch (error) {
        if (error instanceof EngineError && error.code === 'STORE_FAILED') return 'refused';
        throw error;
      }
    },
  };
}
