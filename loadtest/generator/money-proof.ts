/**
 * Compares, stream by stream and to the sat, what viewers revealed, what was acknowledged to them, and what the receipt
 * of the round says, after the receipt itself was verified.
 *
 * Of a stream whose viewer heard the engine's last word all three are the same figure. Of one that was cut off before,
 * what was on its way may have arrived or not: then the receipt is at least what was acknowledged, and at most what was
 * revealed.
 */
import { nodeVerifyTools } from '../../src/cli/verify-tools.ts';
import { fromHex } from '../../src/core/bytes.ts';
import { parseReceipt } from '../../src/settlement/receipt-format.ts';
import type { Receipt } from '../../src/settlement/receipt.ts';
import { verifyReceipt } from '../../src/settlement/verify-receipt.ts';
import { decodeCommitment } from '../../src/voucher/commitment.ts';
import type { MoneyProof } from '../run-result.ts';
import type { StreamLedger } from '../wire/purse.ts';

type ProvenRound = MoneyProof['rounds'][number];

const DIFFERENCES_MAX = 20;

/** `receipts`: the file of each round, as published. */
export function proveMoney(
  ledgers: readonly StreamLedger[],
  receipts: ReadonlyMap<string, Uint8Array>,
): MoneyProof {
  const byRound = Map.groupBy(ledgers, ({ roundId }): string => roundId);
  const rounds = [...receipts].map(([roundId, bytes]) =>
    proveRound(roundId, byRound.get(roundId) ?? [], bytes),
  );
  const ok = rounds.every(
    ({ receipt, differences, receiptSats, dividedSats }) =>
      receipt === 'ok' && differences.length === 0 && receiptSats === dividedSats,
  );
  return { rounds, ok };
}

function proveRound(roundId: string, ledgers: readonly StreamLedger[], bytes: Uint8Array): ProvenRound {
  const verdict = verifyReceipt(bytes, nodeVerifyTools);
  const failed = verdict.checks.find(({ ok }) => !ok);
  const parsed = parseReceipt(bytes);
  const figures = parsed.ok ? figuresOf(parsed.receipt) : undefined;
  const sum = (of: (ledger: StreamLedger) => number): number =>
    ledgers.reduce((total, ledger) => total + of(ledger), 0);
  const differences = figures === undefined ? [] : differencesOf(ledgers, figures.paidSats);
  return {
    roundId,
    revealedSats: sum(({ revealedSats }) => revealedSats),
    acknowledgedSats: sum(({ acknowledgedSats }) => acknowledgedSats),
    receiptSats: figures?.receiptSats ?? 0,
    dividedSats: figures?.dividedSats ?? 0,
    streams: figures?.paidSats.size ?? 0,
    differences: differences.slice(0, DIFFERENCES_MAX),
    receipt: verdict.ok ? 'ok' : `${failed?.name ?? 'form'}: ${failed?.detail ?? ''}`,
  };
}

interface ReceiptFigures {
  /** By stream. */
  readonly paidSats: ReadonlyMap<string, number>;
  readonly receiptSats: number;
  readonly dividedSats: number;
}

function figuresOf({ streams, totals }: Receipt): ReceiptFigures {
  const paidSats = new Map<string, number>();
  for (const stream of streams) {
    const decoded = decodeCommitment(fromHex(stream.commitment));
    if (decoded.ok) paidSats.set(decoded.commitment.streamId, stream.paidSats);
  }
  const { payoutSats, platformSats, carriedSats, refundedSats } = totals;
  return {
    paidSats,
    receiptSats: streams.reduce((total, stream) => total + stream.paidSats, 0),
    dividedSats: payoutSats + platformSats + carriedSats + refundedSats,
  };
}

function differencesOf(ledgers: readonly StreamLedger[], paid: ReadonlyMap<string, number>): string[] {
  const differences: string[] = [];
  const known = new Set<string>();
  for (const { streamId, revealedSats, acknowledgedSats, final } of ledgers) {
    known.add(streamId);
    const paidSats = paid.get(streamId) ?? 0;
    const agrees = final
      ? revealedSats === acknowledgedSats && acknowledgedSats === paidSats
      : acknowledgedSats <= paidSats && paidSats <= revealedSats;
    if (agrees) continue;
    const cut = final ? '' : ', cut off';
    differences.push(
      `${streamId}: revealed ${revealedSats}, acknowledged ${acknowledgedSats}, receipt ${paidSats}${cut}`,
    );
  }
  for (const [streamId, paidSats] of paid) {
    if (!known.has(streamId))
      differences.push(`${streamId}: receipt ${paidSats}, but it is no stream of ours`);
  }
  return differences;
}
