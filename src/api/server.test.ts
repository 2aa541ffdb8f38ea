import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { EngineError } from '../core/errors.ts';
import { type TestApi, adminHeaders, createTestApi, roundBody } from './test-engine.ts';

let api: TestApi;
afterEach(() => api.app.close());

const post = (payload: string, headers: Record<string, string> = {}) =>
  api.app.inject({
    method: 'POST',
    url: '/v1/rounds',
    payload,
    headers: { 'content-type': 'application/json', ...adminHeaders(), ...headers },
  });

const preflight = (origin: string) =>
  api.app.inject({
    method: 'OPTIONS',
    url: '/v1/rounds',
    headers: { origin, 'access-control-request-method': 'POST' },
  });

describe('every answer', () => {
  it('is enveloped, with the id of the request and the time of the engine', async () => {
    api = await createTestApi();
    const response = await api.app.inject('/v1/health');
    expect(response.statusCode).toBe(200);
    const { data, meta } = response.json();
    expect(data).toEqual({
      status: 'ok',
      uptimeMs: 1234.5,
      store: true,
      chainHeight: 7,
      shards: 1,
      edges: 1,
      connections: 3,
      liveRounds: 1,
    });
    expect(meta).toEqual({
      requestId: response.headers['x-request-id'],
      timestamp: new Date(api.clock.ms).toISOString(),
    });
  });

  it('carries security headers, and a policy that lets the page connect to the edge by the same host', async () => {
    api = await createTestApi();
    const response = await api.app.inject({ url: '/v1/health', headers: { host: 'battle.local:3000' } });
    expect(response.headers['x-content-type-options']).toBe('nosniff');
    const policy = String(response.headers['content-security-policy']);
    expect(policy).toContain("connect-src 'self' ws://battle.local:9001;");
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toContain('unsafe');
  });

  it('takes no policy from a host name that is none', async () => {
    api = await createTestApi();
    for (const host of ["x; script-src 'unsafe-inline'", 'a b', '*', '-x']) {
      const response = await api.app.inject({ url: '/v1/health', headers: { host } });
      expect(response.headers['content-security-policy']).toContain(
        "connect-src 'self' ws://127.0.0.1:9001;",
      );
    }
  });
});

describe('/v1/config', () => {
  it('tells a client its network, limits, defaults and where the edge is', async () => {
    api = await createTestApi();
    const { data } = (await api.app.inject({ url: '/v1/config', headers: { host: '[::1]:3000' } })).json();
    expect(data).toMatchObject({
      network: 'dev',
      wsUrl: 'ws://[::1]:9001/v1/ws',
      faucetSatsMax: 1_000_000,
      limits: { participantsMax: 16 },
      roundDefaults: { rateSatsPerSecond: 1, payoutMinSats: 20 },
    });
  });

  it('prefers the public URL', async () => {
    api = await createTestApi({ publicWsUrl: 'wss://ws.example/edge', devFaucetSatsMax: 0 });
    const response = await api.app.inject('/v1/config');
    expect(response.json().data).toMatchObject({ wsUrl: 'wss://ws.example/edge', faucetSatsMax: null });
    expect(response.headers['content-security-policy']).toContain('wss://ws.example;');
  });
});

describe('what goes wrong before a route', () => {
  it.each([
    ['malformed JSON', '{"participants":', {}, 400, 'BAD_REQUEST'],
    ['an empty body', '', {}, 400, 'BAD_REQUEST'],
    ['a poisoned prototype', '{"__proto__":{"a":1},"participants":[]}', {}, 400, 'BAD_REQUEST'],
    [
      'another content type',
      'a=1',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['a body that is too large', JSON.stringify({ title: 'x'.repeat(20_000) }), {}, 413, 'PAYLOAD_TOO_LARGE'],
    ['a body that is no object', '[]', {}, 400, 'VALIDATION_FAILED'],
  ])('%s', async (_what, payload, headers, status, code) => {
    api = await createTestApi();
    const response = await post(payload, headers);
    expect(response.statusCode).toBe(status);
    expect(response.json()).toMatchObject({ error: { code }, meta: { requestId: expect.any(String) } });
    expect(api.errors).toEqual([]);
  });

  it.each(['/v1/nothing', '/v1', '/v1/rounds/a/b', '/%zz', '/assets/none.js'])(
    '%s is not there',
    async (url) => {
      api = await createTestApi();
      const response = await api.app.inject(url);
      expect(response.json().error.code).toBe(url === '/%zz' ? 'BAD_REQUEST' : 'NOT_FOUND');
    },
  );

  it.each([
    ['DELETE', '/v1/rounds', 'GET, HEAD, POST'],
    ['PUT', '/v1/rounds/some-round', 'GET, HEAD'],
    ['GET', '/v1/rounds/some-round/start', 'POST'],
    ['POST', '/v1/health', 'GET, HEAD'],
  ] as const)('%s %s is not a method of that address', async (method, url, allow) => {
    api = await createTestApi();
    const response = await api.app.inject({
      method,
      url,
      payload: '{',
      headers: { 'content-type': 'text/plain' },
    });
    expect(response.statusCode).toBe(405);
    expect(response.headers['allow']).toBe(allow);
    expect(response.json().error.code).toBe('METHOD_NOT_ALLOWED');
  });
});

describe('what goes wrong behind a route', () => {
  it('a bug is logged and answered without a word of it', async () => {
    api = await createTestApi();
    api.engine.fault = new Error('secret detail');
    const response = await api.app.inject('/v1/health');
    expect(response.statusCode).toBe(500);
    expect(response.json().error).toEqual({
      code: 'INTERNAL',
      message: 'The engine failed; the fault has been logged.',
      details: [],
    });
    expect(api.errors).toEqual(['request failed']);
  });

  it('a fault of operation keeps its code', async () => {
    api = await createTestApi();
    api.engine.fault = new EngineError('CHAIN_FAILED', { message: 'host 10.0.0.1 refused' });
    const response = await api.app.inject('/v1/health');
    expect(response.statusCode).toBe(502);
    expect(response.json().error.code).toBe('CHAIN_FAILED');
    expect(response.body).not.toContain('10.0.0.1');
  });

  it('a store that cannot be used is no health', async () => {
    api = await createTestApi();
    api.engine.storeWorks = false;
    const response = await api.app.inject('/v1/health');
    expect([response.statusCode, response.json().error.code]).toEqual([503, 'STORE_FAILED']);
  });
});

describe('who may ask how often', () => {
  it('reads and writes of one address are limited apart, unknown addresses included', async () => {
    api = await createTestApi({ apiReadsPerMinute: 3, apiWritesPerMinute: 1 });
    const codes: number[] = [];
    for (const url of ['/v1/health', '/v1/none', '/docs/json', '/v1/health']) {
      codes.push((await api.app.inject(url)).statusCode);
    }
    expect(codes).toEqual([200, 404, 200, 429]);
    const write = () => api.app.inject({ method: 'POST', url: '/v1/rounds' });
    expect((await write()).statusCode).toBe(401);
    const limited = await write();
    expect(limited.statusCode).toBe(429);
    expect(limited.json().error.code).toBe('RATE_LIMITED');
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
    const other = await api.app.inject({ url: '/v1/health', remoteAddress: '10.0.0.9' });
    expect(other.statusCode).toBe(200);
  });

  it('behind a proxy, addresses are those the proxy saw, not those a client claims', async () => {
    api = await createTestApi({ apiReadsPerMinute: 1, trustProxy: true });
    const ask = async (forwarded: string): Promise<number> =>
      (await api.app.inject({ url: '/v1/health', headers: { 'x-forwarded-for': forwarded } })).statusCode;
    expect(await ask('10.0.0.1')).toBe(200);
    expect(await ask('10.0.0.2')).toBe(200);
    expect(await ask('1.2.3.4, 10.0.0.1')).toBe(429);
  });

  it('the operator is exempt, a wrong token is not', async () => {
    api = await createTestApi({ apiReadsPerMinute: 1 });
    for (let i = 0; i < 4; i++) {
      expect((await api.app.inject({ url: '/v1/health', headers: adminHeaders() })).statusCode).toBe(200);
    }
    const headers = { authorization: 'Bearer wrong' };
    expect((await api.app.inject({ url: '/v1/health', headers })).statusCode).toBe(200);
    expect((await api.app.inject({ url: '/v1/health', headers })).statusCode).toBe(429);
  });
});

describe('other origins', () => {
  it('are refused unless they are listed', async () => {
    api = await createTestApi({ corsOrigins: ['https://a.example'] });
    expect((await preflight('https://a.example')).headers['access-control-allow-origin']).toBe(
      'https://a.example',
    );
    expect((await preflight('https://b.example')).headers['access-control-allow-origin']).toBeUndefined();
  });

  it('are none by default, and all with *', async () => {
    api = await createTestApi();
    expect((await preflight('https://a.example')).headers['access-control-allow-origin']).toBeUndefined();
    await api.app.close();
    api = await createTestApi({ corsOrigins: ['*'] });
    expect((await preflight('https://a.example')).headers['access-control-allow-origin']).toBe('*');
  });
});

describe('the documentation', () => {
  it('is served with files of this server only', async () => {
    api = await createTestApi();
    const html = await api.app.inject('/docs/');
    expect(html.statusCode).toBe(200);
    const policy = String(html.headers['content-security-policy']);
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("style-src 'self' 'unsafe-inline';");
    expect(html.body).not.toMatch(/<script(?![^>]*src=)|<style|style="|https?:/);
    const [, script = ''] = /<script src="([^"]+initializer.js)"/.exec(html.body) ?? [];
    const asset = await api.app.inject(new URL(script, 'http://x/docs/').pathname);
    expect(asset.headers['content-type']).toContain('javascript');
  });
});

it('a running connection is served and closed', async () => {
  api = await createTestApi();
  const address = await api.app.listen({ host: '127.0.0.1', port: 0 });
  const response = await fetch(`${address}/v1/rounds`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...adminHeaders() },
    body: JSON.stringify(roundBody()),
  });
  expect(response.status).toBe(201);
});

it('whoever hangs up before the answer is no fault of the engine', async () => {
  api = await createTestApi();
  const { port } = new URL(await api.app.listen({ host: '127.0.0.1', port: 0 }));
  for (let no = 0; no < 60; no++) {
    const socket = connect({ host: '127.0.0.1', port: Number(port) });
    await once(socket, 'connect');
    // The second request is handled when the connection is gone already, and has no address any more.
    socket.write('GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(8));
    if (no % 2 === 0) await new Promise((resolve) => void setImmediate(resolve));
    socket.resetAndDestroy();
    await once(socket, 'close');
  }
  const response = await fetch(`http://127.0.0.1:${port}/v1/health`);
  expect(response.status).toBe(200);
  expect(api.errors).toEqual([]);
});
