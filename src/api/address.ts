/** P2PKH addresses (Base58Check) as accounts: a payee may be named by either. */
import { createHash } from 'node:crypto';
import { toHex } from '../core/bytes.ts';
import type { AccountId } from '../core/ids.ts';
import type { Network } from '../voucher/types.ts';

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
/** Version, HASH160, checksum. */
const PAYLOAD_BYTES = 25;
const VERSION: Readonly<Record<Network, number>> = { main: 0x00, test: 0x6f, dev: 0x6f };

const sha256 = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest();

/** Undefined for anything but a well-formed address of that network (the development chain uses test addresses). */
export function accountOfAddress(address: string, network: Network): AccountId | undefined {
  if (address.length < 26 || address.length > 35) return undefined;
  let value = 0n;
  for (const letter of address) {
    const digit = ALPHABET.indexOf(letter);
    if (digit < 0) return undefined;
    value = value * 58n + BigInt(digit);
  }
  const hex = value.toString(16).padStart(2 * PAYLOAD_BYTES, '0');
  if (hex.length !== 2 * PAYLOAD_BYTES) return undefined;
  const bytes = Buffer.from(hex, 'hex');
  // Each leading zero byte is written as one '1', which keeps every account at one spelling.
  const zeros = bytes.findIndex((byte) => byte !== 0);
  if (address.search(/[^1]/) !== zeros) return undefined;
  const checksum = sha256(sha256(bytes.subarray(0, 21))).subarray(0, 4);
  if (!checksum.equals(bytes.subarray(21)) || bytes[0] !== VERSION[network]) return undefined;
  return toHex(bytes.subarray(1, 21)) as AccountId;
}
