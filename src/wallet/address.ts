/** Addresses: accounts as wallets show them (base58check, P2PKH). */
import { Utils } from '@bsv/sdk';
import { fromHex, toHex } from '../core/bytes.ts';
import type { AccountId } from '../core/ids.ts';
import type { Network } from '../voucher/types.ts';

/** Development chains use the test network's prefix, as regtest does. */
const PREFIX: Record<Network, number> = { main: 0x00, test: 0x6f, dev: 0x6f };

export function encodeAddress(account: AccountId, network: Network): string {
  return Utils.toBase58Check([...fromHex(account)], [PREFIX[network]]);
}

/** Undefined for anything that is not a P2PKH address of that network, a wrong checksum included. */
export function decodeAddress(address: string, network: Network): AccountId | undefined {
  try {
    const { prefix, data } = Utils.fromBase58Check(address);
    const bytes = Uint8Array.from(data as number[]);
    if ((prefix as number[])[0] !== PREFIX[network] || bytes.length !== 20) return undefined;
    return toHex(bytes) as AccountId;
  } catch {
    return undefined; // the SDK throws for bad characters, lengths and checksums
  }
}
