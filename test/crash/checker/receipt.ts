/** The receipt as docs/RECEIPT.md lays it out, as far as this checker reads it. */
export interface Receipt {
  readonly format: string;
  readonly version: number;
  readonly status: string;
  readonly terms: Terms;
  readonly outcome: Outcome;
  readonly payees: readonly Payee[];
  readonly totals: Totals;
  readonly feeSatsPerKb: number;
  readonly commitment: string;
  readonly merkleSum: { readonly root: string; readonly sumSats: number; readonly leaves: number };
  readonly transactions: readonly {
    readonly txid: string;
    readonly ef: string;
    readonly feeSats: number;
    readonly block: { readonly height: number; readonly hash: string; readonly header: string } | null;
  }[];
  readonly streams: readonly ReceiptStream[];
}

export interface Terms {
  readonly roundId: string;
  readonly network: string;
  readonly title: string;
  readonly participants: readonly { readonly id: string; readonly name: string; readonly account: string }[];
  readonly lobbyAtMs: number;
  readonly startsAtMs: number;
  readonly end: { readonly kind: string; readonly atMs?: number; readonly height?: number };
  readonly rateSatsPerSecond: number;
  readonly directBps: number;
  readonly prize: {
    readonly rankBps: readonly number[];
    readonly supporterBps: readonly number[];
    readonly platformBps: number;
  };
  readonly scoring: { readonly satsWeight: number; readonly voteWeight: number; readonly clapWeight: number };
  readonly overtime: {
    readonly windowMs: number;
    readonly extendMs: number;
    readonly extensionsMax: number;
  } | null;
  readonly closingMs: number;
  readonly payoutMinSats: number;
  readonly platformAccount: string;
}

export interface Outcome {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly overtimeCount: number;
  readonly participants: readonly {
    readonly paidSats: number;
    readonly votes: number;
    readonly claps: number;
    readonly score: number;
    readonly rank: number;
  }[];
  readonly supporters: readonly { readonly account: string; readonly paidSats: number }[];
}

export interface Payee {
  readonly kind: string;
  readonly account: string;
  readonly shareSats: number;
  readonly carriedInSats: number;
  readonly paidSats: number;
  readonly output: { readonly transaction: number; readonly vout: number } | null;
}

export interface Totals {
  readonly paidSats: number;
  readonly directSats: number;
  readonly poolSats: number;
  readonly payoutSats: number;
  readonly platformSats: number;
  readonly carriedSats: number;
  readonly refundedSats: number;
  readonly minerFeeSats: number;
}

export interface ReceiptStream {
  readonly commitment: string;
  readonly publicKey: string;
  readonly signature: string;
  readonly name: string;
  readonly tips: readonly { readonly index: number; readonly word: string }[];
  readonly targets: readonly { readonly watchSats: number; readonly giftSats: number }[];
  readonly paidSats: number;
  readonly holdSats: number;
}

/** Bytes 5 to 21 of the commitment. */
export function streamIdOf(stream: ReceiptStream): string {
  return stream.commitment.slice(10, 42);
}

export function payerOf(stream: ReceiptStream): string {
  return stream.commitment.slice(42, 82);
}
