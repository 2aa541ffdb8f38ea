/** Whom a transaction pays, and whom an entry does: both by account. */
import { accountOfP2pkh, parseExtended } from '../../core/transaction.ts';

/** Of a ledger account that is paid out; undefined for all others. */
export function payeeOf(account: string): string | undefined {
  return /^(?:earned|platform):(.*)$/.exec(account)?.[1];
}

/** What each account gets in the outputs, without the treasury's change. */
export function outputsOf(ef: Uint8Array, treasury: string): ReadonlyMap<string, number> {
  const outputs = new Map<string, number>();
  for (const { lockingScript, sats } of parseExtended(ef)?.outputs ?? []) {
    const account = accountOfP2pkh(lockingScript);
    if (account !== undefined && account !== treasury)
      outputs.set(account, (outputs.get(account) ?? 0) + sats);
  }
  return outputs;
}
