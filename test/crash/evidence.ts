/**
 * What the checker judges by: what viewers saw and sent, as their sockets carried it, and what the engine published.
 * Plain data, so that it can be written to a file, changed by a canary, and read again. Bytes are lower-case hex.
 */

/** One stream, from the frames of its viewer alone. Arrays have one entry per chain. */
export interface StreamEvidence {
  readonly streamId: string;
  readonly roundId: string;
  readonly payer: string;
  /** What OPEN carried; sent again on another connection it is signed anew, for the same chains. */
  readonly offers: { readonly commitment: string; readonly signature: string; readonly publicKey: string }[];
  readonly chains: readonly { readonly unitSats: number; readonly length: number; readonly anchor: string }[];
  /** A STREAM said that it is open, and durably so. */
  granted: boolean;
  /** The highest word that was sent, and its index. */
  readonly revealed: { index: number; word: string }[];
  /** The highest index that PAID or STREAM named. */
  readonly acknowledged: number[];
  /** The words by what they were first sent for. */
  readonly spans: Span[];
  /** What ENDED said, when it was final. */
  finalPaidSats: number | null;
  cancelled: boolean;
  /** What a viewer must never see. */
  readonly contradictions: string[];
}

/** Indexes above `from` up to `to` of a chain. */
export interface Span {
  readonly chain: number;
  readonly from: number;
  readonly to: number;
  readonly purpose: 'watch' | 'gift';
  readonly target: number;
}

export interface RoundEvidence {
  readonly roundId: string;
  readonly phase: string;
  /** The file as published; null: none. */
  readonly receipt: string | null;
}

export interface AccountEvidence {
  readonly account: string;
  /** What the harness has put into it. */
  readonly fundedSats: number;
  readonly availableSats: number;
  readonly heldSats: number;
  readonly earnedSats: number;
}

export interface ChainEvidence {
  /** Every transaction that the chain took, raw. */
  readonly transactions: readonly { readonly txid: string; readonly raw: string }[];
  readonly blocks: readonly {
    readonly height: number;
    readonly header: string;
    readonly txids: readonly string[];
  }[];
}

export interface Evidence {
  readonly streams: readonly StreamEvidence[];
  readonly rounds: readonly RoundEvidence[];
  readonly accounts: readonly AccountEvidence[];
  readonly chain: ChainEvidence;
}
