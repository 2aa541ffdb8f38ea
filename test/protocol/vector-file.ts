/** docs/protocol-vectors.json as its tests read it. */
import { readFileSync } from 'node:fs';
import type { AcceptanceVector } from './acceptance-vectors.ts';
import type { MalformedFrame } from './malformed-vectors.ts';

export const VECTORS_FILE: URL = new URL('../../docs/protocol-vectors.json', import.meta.url);

export interface FrameVector {
  readonly name: string;
  readonly hex: string;
  readonly message: Record<string, unknown>;
}

export interface SignedVector {
  readonly bytes: string;
  readonly sha256: string;
  readonly signature: string;
}

export interface Vectors {
  readonly key: { readonly privateKey: string; readonly publicKey: string; readonly account: string };
  readonly hashChains: readonly {
    readonly seed: string;
    readonly length: number;
    readonly words: readonly { readonly index: number; readonly word: string }[];
  }[];
  readonly auth: SignedVector & { readonly nonce: string };
  readonly commitments: readonly (SignedVector & { readonly commitment: CommitmentVector })[];
  readonly malformedCommitments: readonly { readonly name: string; readonly hex: string }[];
  readonly clientFrames: readonly FrameVector[];
  readonly clientAlternatives: readonly FrameVector[];
  readonly serverFrames: readonly FrameVector[];
  readonly malformedFrames: readonly MalformedFrame[];
  readonly acceptance: readonly AcceptanceVector[];
}

export interface CommitmentVector {
  readonly network: string;
  readonly streamId: string;
  readonly payer: string;
  readonly roundId: string;
  readonly chains: readonly { readonly unitSats: number; readonly length: number; readonly anchor: string }[];
  readonly rateSatsPerSecond: number;
  readonly notBeforeMs: number;
  readonly expiryMs: number;
  readonly nonce: string;
}

export function readVectors(): Vectors {
  return JSON.parse(readFileSync(VECTORS_FILE, 'utf8')) as Vectors;
}
