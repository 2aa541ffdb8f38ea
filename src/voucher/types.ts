/** Data of hash-chain vouchers (PayWord, Rivest & Shamir 1996): `w(i) = SHA-256(w(i+1))`, `w(0)` the anchor. */
import type { AccountId, RoundId, StreamId } from '../core/ids.ts';
import type { Sats } from '../core/sats.ts';

/** Part of every signed text, so that a word of one network is worthless on another. */
export const NETWORKS = ['main', 'test', 'dev'] as const;
export type Network = (typeof NETWORKS)[number];

export interface ChainTerms {
  /** What one word of this chain is worth. */
  readonly unitSats: Sats;
  /** `w(0)`, 32 bytes. */
  readonly anchor: Uint8Array;
  /** Highest index that can be revealed. */
  readonly length: number;
}

/** What a viewer signs once per stream. Canonical bytes: `commitment.ts`. */
export interface Commitment {
  readonly version: 1;
  readonly network: Network;
  readonly streamId: StreamId;
  readonly payer: AccountId;
  readonly roundId: RoundId;
  /** 1 to 4, in the order that `chain` numbers refer to. */
  readonly chains: readonly ChainTerms[];
  readonly rateSatsPerSecond: number;
  readonly notBeforeMs: number;
  readonly expiryMs: number;
  /** 32 bytes, the server's, from WELCOME. */
  readonly nonce: Uint8Array;
}

/** A commitment with the key that signed it; all that is needed to prove it to a third party. */
export interface SignedCommitment {
  readonly commitment: Commitment;
  /** The canonical bytes that were signed. */
  readonly bytes: Uint8Array;
  /** Compressed secp256k1 key, 33 bytes. */
  readonly publicKey: Uint8Array;
  /** r || s, 64 bytes, low S, over SHA-256 of `bytes`. */
  readonly signature: Uint8Array;
}

export const PURPOSES = ['watch', 'gift'] as const;
export type Purpose = (typeof PURPOSES)[number];

/** One revealed word. */
export interface WordReveal {
  readonly chain: number;
  readonly index: number;
  readonly word: Uint8Array;
}
