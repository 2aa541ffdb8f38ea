/** Commitments: canonical, and refused by one code. */
import { fromHex, utf8 } from '../../../src/core/bytes.ts';
import { sats } from '../../../src/core/sats.ts';
import type { AccountId, RoundId, StreamId } from '../../../src/core/ids.ts';
import type { Prng } from '../../../src/core/prng.ts';
import { sha256 } from '../../../src/platform/hash.ts';
import { nativeSignatures } from '../../../src/platform/signatures.ts';
import { decodeCommitment, encodeCommitment, verifySigned } from '../../../src/voucher/commitment.ts';
import { NETWORKS } from '../../../src/voucher/types.ts';
import { readVectors } from '../../protocol/vector-file.ts';
import { pick, randomBytes } from '../mutate.ts';
import { type Target, checkCodec, insist } from '../target.ts';

const GENERATED = 40;

function generated(random: Prng): Uint8Array {
  const notBeforeMs = random.u32();
  return encodeCommitment({
    version: 1,
    network: pick(random, NETWORKS),
    streamId: Buffer.from(randomBytes(random, 16)).toString('hex') as StreamId,
    payer: Buffer.from(randomBytes(random, 20)).toString('hex') as AccountId,
    roundId: 'r'.repeat(1 + random.below(48)) as RoundId,
    chains: Array.from({ length: 1 + random.below(4) }, () => ({
      unitSats: sats(1 + random.below(100_000_000)),
      length: 1 + random.below(1_000_000),
      anchor: randomBytes(random, 32),
    })),
    rateSatsPerSecond: 1 + random.below(1_000),
    notBeforeMs,
    expiryMs: notBeforeMs + random.u32(),
    nonce: randomBytes(random, 32),
  });
}

const signer = sha256(utf8('fuzz'));
const signature = nativeSignatures.sign(sha256(utf8('something else')), signer);
const publicKey = nativeSignatures.publicKey(signer);

export const commitments: Target = {
  name: 'commitments',
  corpus(random) {
    const { commitments: valid, malformedCommitments } = readVectors();
    return [
      ...valid.map(({ bytes }) => fromHex(bytes)),
      ...malformedCommitments.map(({ hex }) => fromHex(hex)),
      ...Array.from({ length: GENERATED }, () => generated(random)),
    ];
  },
  run: (input) =>
    checkCodec(
      {
        decode(bytes) {
          const decoded = decodeCommitment(bytes);
          if (decoded.ok) {
            const signed = { commitment: decoded.commitment, bytes, publicKey, signature };
            const crypto = { sha256, signatures: nativeSignatures };
            insist(!verifySigned(signed, crypto), 'a signature of something else is taken for its own');
            return decoded.commitment;
          }
          insist(decoded.code === 'BAD_COMMITMENT', `refused by ${decoded.code}`);
          return undefined;
        },
        encode: encodeCommitment,
        isCanonical: true,
      },
      input,
    ),
};
