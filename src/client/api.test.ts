import { describe, expect, it } from 'vitest';
import type { AccountId, RoundId } from '../core/ids.ts';
import { Api } from './api.ts';

interface Sent {
  readonly url: string;
  readonly init: RequestInit;
}

function answering(status: number, body: BodyInit | null): { readonly api: Api; readonly sent: Sent[] } {
  const sent: Sent[] = [];
  const api = new Api({
    baseUrl: 'http://engine',
    adminToken: 'secret',
    newKey: () => 'made-by-test',
    fetch: (url, init) => {
      sent.push({ url: String(url instanceof Request ? url.url : url), init: init ?? {} });
      return Promise.resolve(new Response(body, { status }));
    },
  });
  return { api, sent };
}

const json = (value: unknown): string => JSON.stringify(value);
const ACCOUNT = 'ab'.repeat(20) as AccountId;

describe('a call of the API', () => {
  it('returns the data of the envelope', async () => {
    const { api, sent } = answering(200, json({ data: { rounds: [], nextCursor: null }, meta: {} }));
    expect(await api.rounds({ limit: 5, phase: 'live' })).toEqual({
      ok: true,
      data: { rounds: [], nextCursor: null },
    });
    expect(sent[0]?.url).toBe('http://engine/v1/rounds?limit=5&phase=live');
  });

  it('carries a token, and a key where it changes something', async () => {
    const { api, sent } = answering(201, json({ data: {}, meta: {} }));
    await api.fundDevAccount({ account: ACCOUNT, sats: 5 });
    await api.startRound('r-1' as RoundId, 'again');
    expect(sent.map(({ init }) => init.headers)).toMatchObject([
      { 'idempotency-key': 'made-by-test', authorization: 'Bearer secret' },
      { 'idempotency-key': 'again' },
    ]);
    expect(sent[0]?.init.body).toBe(json({ account: ACCOUNT, sats: 5 }));
  });

  it('returns a refusal with its code and fields', async () => {
    const details = [{ field: 'sats', message: 'must be 1 or more' }];
    const error = { code: 'VALIDATION_FAILED', message: 'A field is wrong.', details };
    const { api } = answering(400, json({ error, meta: {} }));
    expect(await api.balances(ACCOUNT)).toEqual({ ok: false, ...error });
  });

  it('returns bytes of a receipt as they are', async () => {
    const { api } = answering(200, Uint8Array.of(1, 2, 3));
    expect(await api.receipt('r-1' as RoundId)).toEqual({ ok: true, data: Uint8Array.of(1, 2, 3) });
  });

  it.each([
    ['a page of a proxy', 502, '<html>'],
    ['an envelope without data', 200, json({ meta: {} })],
    ['a code that nobody knows', 400, json({ error: { code: 'NEW' }, meta: {} })],
    ['a network that nobody knows', 200, json({ data: { network: 'moon' }, meta: {} })],
  ])('is refused when it answers with %s', async (_what, status, body) => {
    const { api } = answering(status, body);
    expect(await api.config()).toMatchObject({ ok: false, code: 'DEPENDENCY_FAILED' });
  });

  it('is refused when nobody answers', async () => {
    const api = new Api({ baseUrl: '', fetch: () => Promise.reject(new TypeError('fetch failed')) });
    expect(await api.config()).toMatchObject({ ok: false, code: 'UNAVAILABLE' });
  });
});
