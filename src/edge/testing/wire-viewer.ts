/** A viewer's side of the wire for tests: real keys, real hash chains, real signatures; frames as bytes. */
import { accountOfPublicKey } from '../../core/account-key.ts';
import { toHex } from '../../core/bytes.ts';
import type { AccountId, RoundId, StreamId } from '../../core/ids.ts';
import { sats } from '../../core/sats.ts';
import { ripemd160, sha256 } from '../../platform/hash.ts';
import { systemRandom } from '../../platform/random.ts';
import { nativeSignatures } from '../../platform/signatures.ts';
import { encodeClient } from '../../protocol/client-codec.ts';
import { FRAME } from '../../protocol/messages.ts';
import type { StreamGrant } from '../../round/effects.ts';
import { authBytes, encodeCommitment } from '../../voucher/commitment.ts';
import { HashChain } from '../../voucher/hash-chain.ts';
import type { Commitment, WordReveal } from '../../voucher/types.ts';

export class WireViewer {
  readonly streamId: StreamId = toHex(systemRandom.bytes(16)) as StreamId;
  readonly publicKey: Uint8Array;
  readonly account: AccountId;
  readonly #privateKey = systemRandom.bytes(32);
  readonly #chains: readonly HashChain[] = [2_000, 500].map((length) =>
    HashChain.fromSeed({ seed: systemRandom.bytes(32), length, sha256 }),
  );

  constructor() {
    this.publicKey = nativeSignatures.publicKey(this.#privateKey);
    this.account = accountOfPublicKey(this.publicKey, { sha256, ripemd160 });
  }

  sign(bytes: Uint8Array): Uint8Array {
    return nativeSignatures.sign(sha256(bytes), this.#privateKey);
  }

  auth(nonce: Uint8Array): Uint8Array {
    const signature = this.sign(authBytes('dev', nonce));
    return encodeClient({ type: FRAME.AUTH, publicKey: this.publicKey, signature, agent: 'test' });
  }

  join(
    round: string,
    options: { ref?: number; resume?: { epoch: number; seq: number } | null } = {},
  ): Uint8Array {
    const { ref = 1, resume = null } = options;
    return encodeClient({ type: FRAME.JOIN, ref, round: round as RoundId, resume });
  }

  commitment(round: string, nonce: Uint8Array, change: Partial<Commitment> = {}): Commitment {
    return {
      version: 1,
      network: 'dev',
      streamId: this.streamId,
      payer: this.account,
      roundId: round as RoundId,
      chains: this.#chains.map(({ anchor, length }, i) => ({
        unitSats: sats(i === 0 ? 1 : 1_000),
        anchor,
        length,
      })),
      rateSatsPerSecond: 1,
      notBeforeMs: 0,
      expiryMs: 4_000_000_000_000,
      nonce,
      ...change,
    };
  }

  open(
    round: string,
    nonce: Uint8Array,
    options: { ref?: number; change?: Partial<Commitment>; signer?: WireViewer; holdSats?: number } = {},
  ): Uint8Array {
    const { ref = 2, change = {}, signer = this, holdSats = 100_000 } = options;
    const commitment = encodeCommitment(this.commitment(round, nonce, change));
    const signature = signer.sign(commitment);
    return encodeClient({ type: FRAME.OPEN, ref, commitment, signature, name: 'Vera', holdSats });
  }

  attach(round: string, ref = 3): Uint8Array {
    return encodeClient({ type: FRAME.ATTACH, ref, round: round as RoundId, streamId: this.streamId });
  }

  reveal(chain: number, index: number): WordReveal {
    return { chain, index, word: this.#chains[chain]?.word(index) ?? new Uint8Array(32) };
  }

  pay(stream: number, index: number, target = 0): Uint8Array {
    return encodeClient({ type: FRAME.PAY, stream, target, reveal: this.reveal(0, index) });
  }

  badPay(stream: number, index: number): Uint8Array {
    const reveal = { chain: 0, index, word: systemRandom.bytes(32) };
    return encodeClient({ type: FRAME.PAY, stream, target: 0, reveal });
  }

  gift(stream: number, indexes: readonly number[], target = 0): Uint8Array {
    const reveals = indexes.flatMap((index, chain) => (index === 0 ? [] : [this.reveal(chain, index)]));
    return encodeClient({ type: FRAME.GIFT, stream, target, reveals });
  }

  watch(stream: number, target: number | null): Uint8Array {
    return encodeClient({ type: FRAME.WATCH, stream, target });
  }

  clap(stream: number, target: number, count: number): Uint8Array {
    return encodeClient({ type: FRAME.CLAP, stream, target, count });
  }

  vote(stream: number, target: number): Uint8Array {
    return encodeClient({ type: FRAME.VOTE, stream, target });
  }

  close(stream: number, ref = 9): Uint8Array {
    return encodeClient({ type: FRAME.CLOSE, stream, ref });
  }

  /** What a shard would grant for a stream whose chains are at `indexes`. */
  grant(slot: number, watchFromMs: number, indexes: readonly number[] = [0, 0]): StreamGrant {
    return {
      slot,
      streamId: this.streamId,
      watchFromMs,
      holdSats: 100_000,
      watchSats: indexes[0] ?? 0,
      paidSats: indexes[0] ?? 0,
      tips: this.#chains.map((chain, i) => ({
        index: indexes[i] ?? 0,
        word: toHex(chain.word(indexes[i] ?? 0)),
      })),
      chains: this.#chains.map(({ length }, i) => ({ unitSats: i === 0 ? 1 : 1_000, length })),
      rateSatsPerSecond: 1,
      vote: null,
      claps: [0, 0],
      watching: null,
    };
  }
}
