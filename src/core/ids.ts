/**
 * Identifiers, branded. All are strings in memory and lower-case hex where they stand for bytes, so that
 * they are map keys, log lines and JSON without conversion.
 */

/** Operator's or generated name of a round: 1 to 48 characters of `a-z 0-9 -`, starting with a letter or digit. */
export type RoundId = string & { readonly __id: 'round' };
/** Position-independent name of a participant inside one round: 1 to 24 characters of `a-z 0-9 -`. */
export type ParticipantId = string & { readonly __id: 'participant' };
/** 16 bytes chosen by the viewer, 32 hex digits. Globally unique with overwhelming probability. */
export type StreamId = string & { readonly __id: 'stream' };
/** HASH160 of a compressed secp256k1 public key, 40 hex digits: who pays or is paid; also a P2PKH address. */
export type AccountId = string & { readonly __id: 'account' };
/** Transaction id as displayed (byte-reversed double SHA-256), 64 hex digits. */
export type Txid = string & { readonly __id: 'txid' };

const ROUND_ID = /^[a-z0-9][a-z0-9-]{0,47}$/;
const PARTICIPANT_ID = /^[a-z0-9][a-z0-9-]{0,23}$/;

export function isRoundId(value: unknown): value is RoundId {
  return typeof value === 'string' && ROUND_ID.test(value);
}

export function isParticipantId(value: unknown): value is ParticipantId {
  return typeof value === 'string' && PARTICIPANT_ID.test(value);
}

export function isStreamId(value: unknown): value is StreamId {
  return typeof value === 'string' && /^[0-9a-f]{32}$/.test(value);
}

export function isAccountId(value: unknown): value is AccountId {
  return typeof value === 'string' && /^[0-9a-f]{40}$/.test(value);
}

/** Byte-wise order of ids (ASCII only), the order in which every tie is broken. */
export function compareIds(a: string, b: string): -1 | 0 | 1 {
  return a < b ? -1 : a > b ? 1 : 0;
}
