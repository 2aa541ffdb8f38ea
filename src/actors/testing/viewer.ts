/** A paying viewer and a round for tests of this folder: real keys, real hash chains, real signatures. */
import { toHex } from '../../core/bytes.ts';
import { accountOfPublicKey } from '../../core/account-key.ts';
import type { AccountId, ParticipantId, RoundId, StreamId } from '../../core/ids.ts';
import { sats } from '../../core/sats.ts';
import { ripemd160, sha256 } from '../../platform/hash.ts';
import { systemRandom } from '../../platform/random.ts';
import { nativeSignatures } from '../../platform/signatures.ts';
import type { ReplyTo } from '../../round/inputs.ts';
import { PURPOSE_GIFT, PURPOSE_WATCH, type PaymentRow } from '../../round/payment-batch.ts';
import type { RoundTerms } from '../../round/terms.ts';
import { encodeCommitment } from '../../voucher/commitment.ts';
import { HashChain } from '../../voucher/hash-chain.ts';
import type { Commitment } from '../../voucher/types.ts';
import type { EdgeInput } from '../link.ts';

const account = (fill: string): AccountId => fill.repeat(40) as AccountId;

/** Live from `startsAtMs` for `durationMs`; lobby an hour before. */
export function testTerms(options: {
  readonly roundId: string;
  readonly startsAtMs: number;
  readonly durationMs: number;
  readonly closingMs?: number;
}): RoundTerms {
  return {
    roundId: options.roundId as RoundId,
    network: 'dev',
    title: 'A round of a test',
    participants: [
      { id: 'ada' as ParticipantId, name: 'Ada', account: account('a') },
      { id: 'bob' as ParticipantId, name: 'Bob', account: account('b') },
    ],
    lobbyAtMs: options.startsAtMs - 3_600_000,
    startsAtMs: options.startsAtMs,
    end: { kind: 'time', atMs: options.startsAtMs + options.durationMs },
    rateSatsPerSecond: 1,
    directBps: 4_000,
    prize: { rankBps: [7_000, 2_000], supporterBps: [500], platformBps: 500 },
    scoring: { satsWeight: 1, voteWeight: 10, clapWeight: 1 },
    overtime: null,
    closingMs: options.closingMs ?? 100,
    payoutMinSats: 20,
    platformAccount: account('f'),
  };
}

export class TestViewer {
  readonly account: AccountId;
  readonly streamId: StreamId;
  readonly publicKey: Uint8Array;
  readonly #privateKey: Uint8Array;
  readonly #chains: readonly HashChain[];
  readonly #commitment: Commitment;
  readonly #from: ReplyTo;

  /** `from`: the edge and connection this viewer is on. `privateKey`: for another stream of one viewer. */
  constructor(terms: RoundTerms, from: ReplyTo, privateKey: Uint8Array = systemRandom.bytes(32)) {
    this.#from = from;
    this.#privateKey = privateKey;
    this.publicKey = nativeSignatures.publicKey(this.#privateKey);
    this.account = accountOfPublicKey(this.publicKey, { sha256, ripemd160 });
    this.streamId = toHex(systemRandom.bytes(16)) as StreamId;
    this.#chains = [100, 50].map((length) =>
      HashChain.fromSeed({ seed: systemRandom.bytes(32), length, sha256 }),
    );
    this.#commitment = {
      version: 1,
      network: terms.network,
      streamId: this.streamId,
      payer: this.account,
      roundId: terms.roundId,
      chains: this.#chains.map(({ anchor, length }, i) => ({
        unitSats: sats(i === 0 ? 1 : 1_000),
        anchor,
        length,
      })),
      rateSatsPerSecond: terms.rateSatsPerSecond,
      notBeforeMs: 0,
      expiryMs: 4_000_000_000_000,
      nonce: systemRandom.bytes(32),
    };
  }

  open(holdSats = 20_000): EdgeInput {
    const bytes = encodeCommitment(this.#commitment);
    const signature = nativeSignatures.sign(sha256(bytes), this.#privateKey);
    const signed = { commitment: this.#commitment, bytes, publicKey: this.publicKey, signature };
    return { kind: 'open', from: this.#from, signed, name: 'Vera', holdSats };
  }

  attach(): EdgeInput {
    return { kind: 'attach', from: this.#from, streamId: this.streamId, publicKey: this.publicKey };
  }

  /** Words up to `index` of the one-sat chain, for watching participant 0. */
  watch(slot: number, index: number): PaymentRow {
    return this.#row({ slot, index, chain: 0, purpose: PURPOSE_WATCH });
  }

  /** Words up to `index` of the thousand-sat chain, as a gift for participant 0. */
  gift(slot: number, index: number): PaymentRow {
    return this.#row({ slot, index, chain: 1, purpose: PURPOSE_GIFT });
  }

  #row(row: Pick<PaymentRow, 'slot' | 'index' | 'chain' | 'purpose'>): PaymentRow {
    const word = this.#chains[row.chain]?.word(row.index) ?? new Uint8Array(32);
    return { ...row, target: 0, flags: 0, conn: this.#from.conn, word };
  }
}
