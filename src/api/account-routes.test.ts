import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestApi, createTestApi } from './test-engine.ts';

const ACCOUNT = 'ab'.repeat(20);
let api: TestApi;
beforeEach(async () => {
  api = await createTestApi({ devFaucetSatsMax: 5_000 });
});
afterEach(() => api.app.close());

const fund = (payload: unknown, key = 'some-key-1') =>
  api.app.inject({
    method: 'POST',
    url: '/v1/dev/accounts',
    headers: { 'idempotency-key': key, 'content-type': 'application/json' },
    payload: JSON.stringify(payload),
  });

describe('POST /v1/dev/accounts', () => {
  it('credits an account once per key', async () => {
    const first = await fund({ account: ACCOUNT, sats: 5_000 });
    expect(first.statusCode).toBe(201);
    expect(first.json().data).toEqual({ account: ACCOUNT, availableSats: 5_000, heldSats: 0, earnedSats: 0 });
    expect((await fund({ account: ACCOUNT, sats: 5_000 })).json().data.availableSats).toBe(5_000);
    expect((await fund({ account: ACCOUNT, sats: 1 }, 'some-key-2')).json().data.availableSats).toBe(5_001);
    const balances = await api.app.inject(`/v1/accounts/${ACCOUNT}`);
    expect(balances.json().data).toMatchObject({ account: ACCOUNT, availableSats: 5_001 });
  });

  it('is idempotent by account, so that nobody can occupy the key of another', async () => {
    await fund({ account: ACCOUNT, sats: 10 });
    expect((await fund({ account: ACCOUNT, sats: 11 })).json().error.code).toBe('IDEMPOTENCY_MISMATCH');
    expect((await fund({ account: 'cd'.repeat(20), sats: 11 })).statusCode).toBe(201);
  });

  it('holds when the API has forgotten, because the engine knows the key', async () => {
    await fund({ account: ACCOUNT, sats: 10 });
    api.clock.ms += 25 * 3_600_000;
    expect((await fund({ account: ACCOUNT, sats: 10 })).json().data.availableSats).toBe(10);
  });

  it.each([
    ['account', [1, null, true, [], {}, '', 'xyz', ACCOUNT.toUpperCase(), ACCOUNT.slice(1)]],
    ['sats', ['5', null, true, [], {}, '', 0, -1, 1.5, 5_001]],
  ])('refuses every wrong %s by name', async (field, values) => {
    for (const value of [undefined, ...values]) {
      const response = await fund({ account: ACCOUNT, sats: 5, [field]: value });
      expect(response.statusCode, JSON.stringify(value)).toBe(400);
      expect(response.json().error).toMatchObject({ code: 'VALIDATION_FAILED', details: [{ field }] });
    }
    expect(api.engine.funded.size).toBe(0);
  });

  it('is forbidden when the operator has turned it off', async () => {
    await api.app.close();
    api = await createTestApi({ devFaucetSatsMax: 0 });
    const response = await fund({ account: ACCOUNT, sats: 1 });
    expect([response.statusCode, response.json().error.code]).toEqual([403, 'FORBIDDEN']);
  });
});

it('GET /v1/accounts refuses what is no account', async () => {
  const response = await api.app.inject('/v1/accounts/nobody');
  expect(response.json().error).toMatchObject({
    code: 'VALIDATION_FAILED',
    details: [{ field: 'account' }],
  });
});
