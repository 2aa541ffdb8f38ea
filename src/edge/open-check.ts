/** What an edge checks of an OPEN before the round hears of it; the round checks what needs its state. */
import { equalBytes } from '../core/bytes.ts';
import { type Refusal, refuse } from '../core/errors.ts';
import type { OpenMessage } from '../protocol/messages.ts';
import type { PublicState } from '../round/public-state.ts';
import type { Commitment, Network, SignedCommitment } from '../voucher/types.ts';
import type { EdgePorts } from './edge-context.ts';

export type OpenRefusal = Refusal<
  'BAD_COMMITMENT' | 'WRONG_NONCE' | 'WRONG_PAYER' | 'COMMITMENT_EXPIRED' | 'BAD_SIGNATURE'
>;

/** `commitment` is what `message.commitment` decodes to. */
export function checkOpen(
  message: OpenMessage,
  commitment: Commitment,
  place: {
    readonly network: Network;
    readonly nonce: Uint8Array;
    readonly account: string;
    readonly publicKey: Uint8Array;
    readonly state: PublicState;
    readonly nowMs: number;
  },
  ports: Pick<EdgePorts, 'hashes' | 'signatures'>,
): { readonly ok: true; readonly signed: SignedCommitment } | OpenRefusal {
  if (!equalBytes(commitment.nonce, place.nonce)) return refuse('WRONG_NONCE');
  if (commitment.payer !== place.account) return refuse('WRONG_PAYER');
  const { network, roundId, rateSatsPerSecond, notBeforeMs, expiryMs } = commitment;
  if (network !== place.network || roundId !== place.state.roundId) return refuse('BAD_COMMITMENT');
  if (rateSatsPerSecond !== place.state.rateSatsPerSecond) return refuse('BAD_COMMITMENT');
  if (place.nowMs < notBeforeMs || place.nowMs > expiryMs) return refuse('COMMITMENT_EXPIRED');
  // Copies of their own: a clone between threads takes the whole buffer that a view lies in.
  const bytes = Uint8Array.from(message.commitment);
  const signature = Uint8Array.from(message.signature);
  if (!ports.signatures.verify(ports.hashes.sha256(bytes), signature, place.publicKey)) {
    return refuse('BAD_SIGNATURE');
  }
  return { ok: true, signed: { commitment, bytes, publicKey: place.publicKey, signature } };
}
