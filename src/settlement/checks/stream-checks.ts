/** Streams of a receipt: that a viewer signed each one for this round, and that its words are worth what it paid. */
import { accountOfPublicKey } from '../../core/account-key.ts';
import { type Sha256, equalBytes, fromHex } from '../../core/bytes.ts';
import { type Sats, isSats } from '../../core/sats.ts';
import type { StatementStream } from '../../round/statement.ts';
import type { RoundTerms } from '../../round/terms.ts';
import { decodeCommitment } from '../../voucher/commitment.ts';
import type { ReceiptStream } from '../receipt.ts';
import type { VerifyTools } from './check.ts';

/** The stream behind the text; undefined when its commitment is not canonical. */
export function readStream(stream: ReceiptStream): StatementStream | undefined {
  const bytes = fromHex(stream.commitment);
  const decoded = decodeCommitment(bytes);
  if (!decoded.ok) return undefined;
  return {
    signed: {
      commitment: decoded.commitment,
      bytes,
      publicKey: fromHex(stream.publicKey),
      signature: fromHex(stream.signature),
    },
    name: stream.name,
    tips: stream.tips.map(({ index, word }) => ({ index, word: fromHex(word) })),
    targets: stream.targets.map(({ watchSats, giftSats }) => ({
      watchSats: watchSats as Sats,
      giftSats: giftSats as Sats,
    })),
    paidSats: stream.paidSats as Sats,
    holdSats: stream.holdSats as Sats,
  };
}

/** Whether the commitment is for this round and its payer's key. */
export function commitmentProblem(
  stream: StatementStream,
  terms: RoundTerms,
  tools: VerifyTools,
): string | undefined {
  const { commitment, publicKey } = stream.signed;
  if (commitment.network !== terms.network) return 'is for another network';
  if (commitment.roundId !== terms.roundId) return 'is for another round';
  if (commitment.rateSatsPerSecond !== terms.rateSatsPerSecond) return 'has another rate';
  if (commitment.payer !== accountOfPublicKey(publicKey, tools)) return 'has a key that is not its payer';
  if (stream.tips.length !== commitment.chains.length) return 'has not one word per chain';
  if (stream.targets.length !== terms.participants.length) return 'has not one amount per participant';
  return undefined;
}

export function signatureProblem(stream: StatementStream, tools: VerifyTools): string | undefined {
  const { bytes, signature, publicKey } = stream.signed;
  const valid = tools.verifySignature(tools.sha256(bytes), signature, publicKey);
  return valid ? undefined : 'is not signed by its key';
}

/** Whether each word hashes down to its anchor in as many steps as its index. */
export function wordProblem(stream: StatementStream, sha256: Sha256): string | undefined {
  for (const [no, { index, word }] of stream.tips.entries()) {
    const chain = stream.signed.commitment.chains[no];
    if (chain === undefined || index > chain.length) return `word ${no} is beyond the end of its chain`;
    let hash = word;
    for (let step = 0; step < index; step++) hash = sha256(hash);
    if (!equalBytes(hash, chain.anchor)) return `word ${no} does not hash to its anchor`;
  }
  return undefined;
}

/** Whether words, targets and what was paid are the same money. */
export function amountProblem(stream: StatementStream): string | undefined {
  let words = 0;
  for (const [no, { index }] of stream.tips.entries()) {
    words += index * (stream.signed.commitment.chains[no]?.unitSats ?? Number.NaN);
  }
  let targets = 0;
  for (const { watchSats, giftSats } of stream.targets) targets += watchSats + giftSats;
  if (!isSats(words) || words !== stream.paidSats) return `the words are worth ${words} sats`;
  if (targets !== stream.paidSats) return `${targets} sats are attributed to participants`;
  if (stream.paidSats > stream.holdSats) return 'more was paid than held';
  return undefined;
}
