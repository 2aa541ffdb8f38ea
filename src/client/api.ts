/**
 * The HTTP API as typed calls. Answers come in the envelope `{data, meta}` or `{error, meta}`; a refusal is returned
 * with its code, like everywhere. Each call that changes something carries an Idempotency-Key, so that it may be
 * repeated after an answer that was lost: pass the same key again.
 */
import { CODES, type Code, codeInfo } from '../core/errors.ts';
import type { AccountId, RoundId } from '../core/ids.ts';
import type { RoundResults, RoundSummary } from '../ports/engine.ts';
import type { AccountBalances } from '../ports/store.ts';
import type { Phase } from '../round/terms.ts';
import { NETWORKS, type Network } from '../voucher/types.ts';

export interface ClientConfig {
  readonly network: Network;
  readonly wsUrl: string;
  /** Null when there is no faucet. */
  readonly faucetSatsMax: number | null;
  readonly limits: Readonly<Record<string, number>>;
}

export interface ApiRefusal {
  readonly ok: false;
  readonly code: Code;
  readonly message: string;
  readonly details: readonly { readonly field: string; readonly message: string }[];
}

export type ApiAnswer<T> = { readonly ok: true; readonly data: T } | ApiRefusal;

export interface RoundPage {
  readonly rounds: readonly RoundSummary[];
  readonly nextCursor: string | null;
}

export interface ApiOptions {
  /** Origin of the API, without `/v1`; empty for the page's own. */
  readonly baseUrl: string;
  readonly fetch?: typeof fetch;
  readonly adminToken?: string;
  /** For calls that are not told a key. Default: random. */
  readonly newKey?: () => string;
}

export class Api {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  async config(): Promise<ApiAnswer<ClientConfig>> {
    const answer = await this.#json<ClientConfig>('GET', '/config');
    if (answer.ok && !NETWORKS.includes(answer.data.network)) return unreadable();
    return answer;
  }

  rounds(
    query: { readonly limit?: number; readonly phase?: Phase; readonly cursor?: string } = {},
  ): Promise<ApiAnswer<RoundPage>> {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) search.set(name, String(value));
    return this.#json('GET', search.size === 0 ? '/rounds' : `/rounds?${search.toString()}`);
  }

  round(roundId: RoundId): Promise<ApiAnswer<RoundSummary>> {
    return this.#json('GET', `/rounds/${roundId}`);
  }

  results(roundId: RoundId): Promise<ApiAnswer<RoundResults>> {
    return this.#json('GET', `/rounds/${roundId}/results`);
  }

  /** The receipt file, as published. */
  async receipt(roundId: RoundId): Promise<ApiAnswer<Uint8Array>> {
    const response = await this.#send('GET', `/rounds/${roundId}/receipt`);
    if (response === undefined) return unreachable();
    if (!response.ok) return refusalOf(await readJson(response));
    return { ok: true, data: new Uint8Array(await response.arrayBuffer()) };
  }

  balances(account: AccountId): Promise<ApiAnswer<AccountBalances>> {
    return this.#json('GET', `/accounts/${account}`);
  }

  /** Development networks: credits the account from the faucet. */
  fundDevAccount(
    input: { readonly account: AccountId; readonly sats: number },
    key?: string,
  ): Promise<ApiAnswer<AccountBalances>> {
    return this.#json('POST', '/dev/accounts', { body: input, key });
  }

  /** `body` as POST /v1/rounds documents it; needs the admin token. */
  createRound(body: object, key?: string): Promise<ApiAnswer<RoundSummary>> {
    return this.#json('POST', '/rounds', { body, key });
  }

  startRound(roundId: RoundId, key?: string): Promise<ApiAnswer<RoundSummary>> {
    return this.#json('POST', `/rounds/${roundId}/start`, { body: {}, key });
  }

  cancelRound(roundId: RoundId, reason: string, key?: string): Promise<ApiAnswer<RoundSummary>> {
    return this.#json('POST', `/rounds/${roundId}/cancel`, { body: { reason }, key });
  }

  /** The type is the API's promise, held by its tests; what is checked here is the envelope. */
  async #json<T>(
    method: 'GET' | 'POST',
    path: string,
    change?: { readonly body: object; readonly key: string | undefined },
  ): Promise<ApiAnswer<T>> {
    const response = await this.#send(method, path, change);
    if (response === undefined) return unreachable();
    const envelope = await readJson(response);
    if (!response.ok) return refusalOf(envelope);
    return isObject(envelope) && 'data' in envelope
      ? { ok: true, data: envelope['data'] as T }
      : unreadable();
  }

  /** Undefined when there was no answer. */
  async #send(
    method: 'GET' | 'POST',
    path: string,
    change?: { readonly body: object; readonly key: string | undefined },
  ): Promise<Response | undefined> {
    const { baseUrl, adminToken, newKey } = this.#options;
    const send = this.#options.fetch ?? fetch;
    const headers: Record<string, string> = { accept: 'application/json' };
    if (adminToken !== undefined) headers['authorization'] = `Bearer ${adminToken}`;
    const init: RequestInit = { method, headers };
    if (change !== undefined) {
      headers['content-type'] = 'application/json';
      headers['idempotency-key'] = change.key ?? (newKey ?? randomKey)();
      init.body = JSON.stringify(change.body);
    }
    try {
      return await send(`${baseUrl}/v1${path}`, init);
    } catch (error) {
      if (error instanceof TypeError) return undefined; // how fetch says that the network failed
      throw error;
    }
  }
}

/** `crypto.randomUUID` exists in secure contexts only; a page on a LAN address is none. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return (await response.json()) as unknown;
  } catch {
    return undefined; // a proxy's page, or a cut connection: answered as DEPENDENCY_FAILED
  }
}

function refusalOf(envelope: unknown): ApiRefusal {
  const error = isObject(envelope) ? envelope['error'] : undefined;
  if (!isObject(error) || !isCode(error['code'])) return unreadable();
  const details = Array.isArray(error['details']) ? (error['details'] as unknown[]) : [];
  return {
    ok: false,
    code: error['code'],
    message: typeof error['message'] === 'string' ? error['message'] : codeInfo(error['code']).message,
    details: details.flatMap((detail) =>
      isObject(detail) && typeof detail['field'] === 'string' && typeof detail['message'] === 'string'
        ? [{ field: detail['field'], message: detail['message'] }]
        : [],
    ),
  };
}

function unreachable(): ApiRefusal {
  return { ok: false, code: 'UNAVAILABLE', message: 'The engine cannot be reached.', details: [] };
}

function unreadable(): ApiRefusal {
  return { ok: false, code: 'DEPENDENCY_FAILED', message: 'The answer cannot be read.', details: [] };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isCode(value: unknown): value is Code {
  return typeof value === 'string' && Object.hasOwn(CODES, value);
}
