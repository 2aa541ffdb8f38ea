/** The chain side: where signed transactions go and what is believed about blocks. */
import type { AccountId, Txid } from '../core/ids.ts';

export interface SubmitOutcome {
  readonly txid: Txid;
  /**
   * 'accepted': the network has it (also when it had it before). 'rejected': provably invalid or a double
   * spend. 'unknown': no or an ambiguous answer; ask `status`, then submit the same bytes again.
   */
  readonly outcome: 'accepted' | 'rejected' | 'unknown';
  readonly detail: string;
}

export interface ChainTransaction {
  readonly txid: Txid;
  readonly status: 'accepted' | 'mined' | 'rejected';
  /** BUMP (BRC-74) when mined. */
  readonly merklePath: Uint8Array | null;
  readonly blockHeight: number | null;
}

export interface Broadcaster {
  /** Extended Format transactions, parents before children. Idempotent. Never throws for a refusal. */
  submit(
    transactions: readonly { readonly txid: Txid; readonly ef: Uint8Array }[],
  ): Promise<readonly SubmitOutcome[]>;
  status(txid: Txid): Promise<ChainTransaction | undefined>;
}

/** Own view of the headers; what a Merkle path is checked against. */
export interface HeaderSource {
  currentHeight(): Promise<number>;
  /** 80 bytes. */
  header(height: number): Promise<Uint8Array | undefined>;
  isValidRootForHeight(rootHex: string, height: number): Promise<boolean>;
  /** Calls back for each new block; returns how to stop. */
  onBlock(listener: (height: number) => void): () => void;
}

/** Development networks only: coins for nothing. */
export interface Faucet {
  /** One transaction with one P2PKH output per amount, accepted when it resolves. */
  fund(
    account: AccountId,
    amounts: readonly number[],
  ): Promise<{
    readonly txid: Txid;
    readonly outputs: readonly { readonly vout: number; readonly sats: number }[];
  }>;
}
