/** Credits accounts from the faucet of a development network, thousands of them in a few seconds, over the HTTP API. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../../src/cli/terminal.ts';
import { Api } from '../../src/client/api.ts';
import type { AccountId } from '../../src/core/ids.ts';

/** Requests under way: enough for the API to be busy, and for its store to commit several at once. */
const AT_ONCE = 32;
const TRIES_MAX = 20;
const RETRY_MS = 250;

export interface Funding {
  /** Origin of the API, without `/v1`. */
  readonly baseUrl: string;
  /** Exempt from the API's rate limits. */
  readonly adminToken?: string;
  readonly accounts: readonly { readonly account: AccountId; readonly sats: number }[];
}

/** Throws CliError when an account cannot be credited: no faucet, or too much for it. */
export async function fundAccounts({ baseUrl, adminToken, accounts }: Funding): Promise<void> {
  const api = new Api(adminToken === undefined ? { baseUrl } : { baseUrl, adminToken });
  const run = randomBytes(8).toString('hex');
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let one = accounts[next++]; one !== undefined; one = accounts[next++]) {
      await fund(api, one, `load-${run}-${next}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, accounts.length) }, lane));
}

async function fund(
  api: Api,
  credit: { readonly account: AccountId; readonly sats: number },
  key: string,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    const answer = await api.fundDevAccount(credit, key);
    if (answer.ok) return;
    const passing = answer.code === 'UNAVAILABLE' || answer.code === 'RATE_LIMITED';
    if (!passing || tries === TRIES_MAX)
      throw new CliError(`an account cannot be funded: ${answer.message} (${answer.code})`);
    await sleep(RETRY_MS);
  }
}
