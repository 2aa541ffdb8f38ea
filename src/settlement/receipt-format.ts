/**
 * The canonical form of a receipt: the keys of RECEIPT in this order, JSON without white space, UTF-8, one newline
 * at the end. Whatever parses serialises to the same bytes, or is refused.
 */
import { equalBytes, utf8 } from '../core/bytes.ts';
import type { AccountId, ParticipantId, RoundId, Txid } from '../core/ids.ts';
import { LIMITS } from '../core/limits.ts';
import { BPS_WHOLE } from '../core/sats.ts';
import { PAYEE_KINDS } from '../ledger/payouts.ts';
import type { RoundEnd, RoundTerms } from '../round/terms.ts';
import { NETWORKS } from '../voucher/types.ts';
import {
  RECEIPT_FORMAT,
  RECEIPT_VERSION,
  type Receipt,
  type ReceiptPayee,
  type ReceiptStream,
  type ReceiptTransaction,
} from './receipt.ts';
import {
  type Shape,
  ShapeError,
  amount,
  hex,
  integer,
  list,
  nullable,
  oneOf,
  record,
  text,
} from './shape.ts';

const U16 = 0xffff;
const U32 = 0xffffffff;
/** The check of the terms says more. */
const ID_CHARS_MAX = 48;
const account = hex<AccountId>(20);
const bps = integer(BPS_WHOLE);
/** Payees at most: participants, supporters, the platform. */
const PAYEES_MAX = LIMITS.participantsMax + LIMITS.prizeSupportersMax + 1;

const byTime = record<Extract<RoundEnd, { kind: 'time' }>>({ kind: oneOf('time'), atMs: integer() });
const byHeight = record<Extract<RoundEnd, { kind: 'height' }>>({ kind: oneOf('height'), height: integer() });
const end: Shape<RoundEnd> = (value, path) =>
  typeof value === 'object' && value !== null && 'atMs' in value
    ? byTime(value, path)
    : byHeight(value, path);

const terms = record<RoundTerms>({
  roundId: text(ID_CHARS_MAX) as Shape<RoundId>,
  network: oneOf(...NETWORKS),
  title: text(LIMITS.titleCharsMax),
  participants: list(
    record({ id: text(ID_CHARS_MAX) as Shape<ParticipantId>, name: text(LIMITS.nameCharsMax), account }),
    LIMITS.participantsMax,
  ),
  lobbyAtMs: integer(),
  startsAtMs: integer(),
  end,
  rateSatsPerSecond: integer(U32),
  directBps: bps,
  prize: record({
    rankBps: list(bps, LIMITS.prizeRanksMax),
    supporterBps: list(bps, LIMITS.prizeSupportersMax),
    platformBps: bps,
  }),
  scoring: record({ satsWeight: integer(U32), voteWeight: integer(U32), clapWeight: integer(U32) }),
  overtime: nullable(record({ windowMs: integer(U32), extendMs: integer(U32), extensionsMax: integer(U32) })),
  closingMs: integer(U32),
  payoutMinSats: integer(),
  platformAccount: account,
});

const payee = record<ReceiptPayee>({
  kind: oneOf(...PAYEE_KINDS),
  account,
  shareSats: amount,
  carriedInSats: amount,
  paidSats: amount,
  output: nullable(record({ transaction: integer(U16), vout: integer(U32) })),
});

const transaction = record<ReceiptTransaction>({
  txid: hex<Txid>(32),
  ef: hex(),
  feeSats: amount,
  block: nullable(record({ height: integer(U32), hash: hex(32), header: hex(80), merklePath: hex() })),
});

const stream = record<ReceiptStream>({
  commitment: hex(),
  publicKey: hex(33),
  signature: hex(64),
  name: text(LIMITS.nameCharsMax),
  tips: list(record({ index: integer(U32), word: hex(32) }), LIMITS.chainsMax),
  targets: list(record({ watchSats: amount, giftSats: amount }), LIMITS.participantsMax),
  paidSats: amount,
  holdSats: amount,
});

const RECEIPT = record<Receipt>({
  format: oneOf(RECEIPT_FORMAT),
  version: oneOf(RECEIPT_VERSION),
  status: oneOf('accepted', 'mined'),
  terms,
  outcome: record({
    startedAtMs: integer(),
    endedAtMs: integer(),
    overtimeCount: integer(U16),
    participants: list(
      record({ paidSats: amount, votes: integer(), claps: integer(), score: integer(), rank: integer(255) }),
      LIMITS.participantsMax,
    ),
    supporters: list(record({ account, paidSats: amount }), LIMITS.prizeSupportersMax),
  }),
  payees: list(payee, PAYEES_MAX),
  totals: record({
    paidSats: amount,
    directSats: amount,
    poolSats: amount,
    payoutSats: amount,
    platformSats: amount,
    carriedSats: amount,
    refundedSats: amount,
    minerFeeSats: amount,
  }),
  feeSatsPerKb: integer(U32),
  commitment: hex(32),
  merkleSum: record({ root: hex(32), sumSats: amount, leaves: integer(U32) }),
  transactions: list(transaction, U16),
  streams: list(stream, LIMITS.streamsPerRoundMax),
});

/** For a receipt of `buildReceipt`, which writes streams in the order above; the rest is put in it here. */
export function serialiseReceipt(receipt: Receipt): Uint8Array {
  const { streams } = receipt;
  return canonicalBytes({ ...RECEIPT({ ...receipt, streams: [] }, ''), streams });
}

function canonicalBytes(receipt: Receipt): Uint8Array {
  return utf8(`${JSON.stringify(receipt)}\n`);
}

/** The receipt, or what is wrong with the bytes. */
export function parseReceipt(
  bytes: Uint8Array,
): { readonly ok: true; readonly receipt: Receipt } | { readonly ok: false; readonly problem: string } {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    const receipt = RECEIPT(parsed, '');
    if (!equalBytes(canonicalBytes(receipt), bytes)) {
      return { ok: false, problem: 'the bytes are not the canonical form of what they say' };
    }
    return { ok: true, receipt };
  } catch (error) {
    if (error instanceof ShapeError) return { ok: false, problem: error.message };
    if (error instanceof SyntaxError) return { ok: false, problem: 'not JSON' };
    if (error instanceof TypeError) return { ok: false, problem: 'not UTF-8' };
    throw error;
  }
}
