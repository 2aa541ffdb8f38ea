/**
 * Checks a receipt in the browser; loaded when somebody asks for it. First the viewer's own payments (which is what
 * it cares about), then everybody's.
 */
import { ripemd160 } from '@noble/hashes/legacy.js';
import { defaultPlatform } from '../client/platform.ts';
import { fromHex } from '../core/bytes.ts';
import type { AccountId, StreamId } from '../core/ids.ts';
import type { VerifyTools } from '../settlement/checks/check.ts';
import { parseReceipt } from '../settlement/receipt-format.ts';
import {
  type InclusionVerdict,
  type ReceiptVerdict,
  verifyInclusion,
  verifyReceipt,
} from '../settlement/verify-receipt.ts';
import { decodeCommitment } from '../voucher/commitment.ts';

export interface ReceiptReport {
  readonly ok: boolean;
  readonly whole: ReceiptVerdict;
  /** The streams of this account. */
  readonly mine: readonly (InclusionVerdict & { readonly streamId: StreamId })[];
}

const tools: VerifyTools = {
  sha256: defaultPlatform.sha256,
  ripemd160,
  verifySignature: (hash, signature, publicKey) =>
    defaultPlatform.signatures.verify(hash, signature, publicKey),
};

export function verifyReceiptHere(bytes: Uint8Array, account: AccountId): ReceiptReport {
  const mine = streamsOf(bytes, account).map((streamId) => ({
    streamId,
    ...verifyInclusion(bytes, streamId, tools),
  }));
  const whole = verifyReceipt(bytes, tools);
  return { ok: whole.ok && mine.every((one) => one.ok), whole, mine };
}

function streamsOf(bytes: Uint8Array, account: AccountId): readonly StreamId[] {
  const parsed = parseReceipt(bytes);
  if (!parsed.ok) return []; // the check of the form says so
  return parsed.receipt.streams.flatMap(({ commitment }) => {
    const decoded = decodeCommitment(fromHex(commitment));
    return decoded.ok && decoded.commitment.payer === account ? [decoded.commitment.streamId] : [];
  });
}
