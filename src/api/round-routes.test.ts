import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestApi, PLATFORM, adminHeaders, createTestApi, roundBody } from './test-engine.ts';

let api: TestApi;
beforeEach(async () => {
  api = await createTestApi();
});
afterEach(() => api.app.close());

const post = (url: string, payload?: object, headers: Record<string, string> = adminHeaders()) =>
  api.app.inject({ method: 'POST', url, headers, ...(payload === undefined ? {} : { payload }) });
const create = async (more: Record<string, unknown> = {}): Promise<string> =>
  (await post('/v1/rounds', roundBody(more))).json().data.terms.roundId;

describe('POST /v1/rounds', () => {
  it('needs only who battles, and fills in the rest', async () => {
    const response = await post('/v1/rounds', roundBody());
    expect(response.statusCode).toBe(201);
    expect(response.json().data).toEqual({
      createdAtMs: api.clock.ms,
      phase: 'scheduled',
      endsAtMs: api.clock.ms + 70_000,
      terms: {
        roundId: expect.stringMatching(/^r-[0-9a-f]{20}$/),
        network: 'dev',
        title: 'Battle',
        participants: [
          { id: 'ada-lovelace', name: 'Ada Lovelace', account: '11'.repeat(20) },
          { id: 'bob', name: 'Bob', account: '22'.repeat(20) },
        ],
        lobbyAtMs: api.clock.ms,
        startsAtMs: api.clock.ms + 10_000,
        end: { kind: 'time', atMs: api.clock.ms + 70_000 },
        rateSatsPerSecond: 1,
        directBps: 4_000,
        prize: { rankBps: [6_000, 2_500], supporterBps: [500, 300, 200], platformBps: 500 },
        scoring: { satsWeight: 10, voteWeight: 100, clapWeight: 1 },
        overtime: null,
        closingMs: 2_000,
        payoutMinSats: 20,
        platformAccount: PLATFORM,
      },
    });
  });

  it('takes everything that can be said', async () => {
    const response = await post(
      '/v1/rounds',
      roundBody({
        id: 'grand-final',
        title: 'Grand Final',
        startsAtMs: api.clock.ms + 5_000,
        lobbySeconds: 3,
        durationSeconds: 30,
        rateSatsPerSecond: 2,
        directBps: 4_500,
        prize: { rankBps: [10_000], supporterBps: [], platformBps: 0 },
        scoring: { satsWeight: 1, voteWeight: 0, clapWeight: 0 },
        overtime: { windowSeconds: 5, extendSeconds: 4, extensionsMax: 3 },
        closingSeconds: 1,
        payoutMinSats: 1,
        platformAccount: '33'.repeat(20),
      }),
    );
    expect(response.json().data.terms).toMatchObject({
      roundId: 'grand-final',
      lobbyAtMs: api.clock.ms + 2_000,
      end: { kind: 'time', atMs: api.clock.ms + 35_000 },
      overtime: { windowMs: 5_000, extendMs: 4_000, extensionsMax: 3 },
      closingMs: 1_000,
    });
    const byHeight = await post('/v1/rounds', roundBody({ endHeight: 9 }));
    expect(byHeight.json().data).toMatchObject({
      endsAtMs: null,
      terms: { end: { kind: 'height', height: 9 } },
    });
  });

  it('takes addresses of the network and makes ids that differ', async () => {
    const address = 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn'; // HASH160 243f1394..., Bitcoin's developer documentation
    const participants = [
      { name: 'Zoë', address },
      { name: 'Zoë', account: '22'.repeat(20) },
      { name: '勝者', account: '22'.repeat(20) },
    ];
    const response = await post('/v1/rounds', { participants });
    expect(response.json().data.terms.participants.map((one: { id: string }) => one.id)).toEqual([
      'zoe',
      'p2',
      'p3',
    ]);
    expect(response.json().data.terms.participants[0].account).toBe(
      '243f1394f44554f4ce3fd68649c19adc483ce924',
    );
  });

  it.each([
    ['startsAtMs', { startsAtMs: 1 }],
    ['startsAtMs', { startsAtMs: 1_800_000_001_000, startsInSeconds: 1 }],
    ['startsAtMs', { startsAtMs: 1_900_000_000_000 }],
    ['endHeight', { endHeight: 5, durationSeconds: 5 }],
    ['overtime', { endHeight: 5, overtime: { windowSeconds: 5, extendSeconds: 4, extensionsMax: 3 } }],
    ['prize', { prize: { rankBps: [9_999], supporterBps: [], platformBps: 0 } }],
    ['prize.rankBps[0]', { prize: { rankBps: [0], supporterBps: [], platformBps: 10_000 } }],
    ['scoring', { scoring: { satsWeight: 0, voteWeight: 0, clapWeight: 0 } }],
    [
      'participants[1].id',
      {
        participants: [
          { id: 'a', name: 'A', account: '11'.repeat(20) },
          { id: 'a', name: 'B', account: '22'.repeat(20) },
        ],
      },
    ],
    ['participants[0].account', { participants: [{ name: 'A' }, { name: 'B', account: '22'.repeat(20) }] }],
    [
      'participants[0].account',
      {
        participants: [
          { name: 'A', account: '11'.repeat(20), address: 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn' },
          { name: 'B', account: '22'.repeat(20) },
        ],
      },
    ],
    [
      'participants[0].address',
      {
        participants: [
          { name: 'A', address: 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfm' },
          { name: 'B', account: '22'.repeat(20) },
        ],
      },
    ],
    [
      'participants[0].address',
      {
        participants: [
          { name: 'A', address: '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2' },
          { name: 'B', account: '22'.repeat(20) },
        ],
      },
    ],
    ['colour', { colour: 'red' }],
    [
      'participants[0].colour',
      {
        participants: [
          { name: 'A', account: '11'.repeat(20), colour: 1 },
          { name: 'B', account: '22'.repeat(20) },
        ],
      },
    ],
    ['title', { title: 'two\nlines' }],
    ['title', { title: ' ' }],
    [
      'participants[0].name',
      {
        participants: [
          { name: '🥊'.repeat(17), account: '11'.repeat(20) },
          { name: 'B', account: '22'.repeat(20) },
        ],
      },
    ],
  ])('names %s in %j', async (field, more) => {
    const response = await post('/v1/rounds', roundBody(more));
    expect(response.statusCode).toBe(400);
    const { error } = response.json();
    expect(error.code).toBe('VALIDATION_FAILED');
    expect(error.details.map((detail: { field: string }) => detail.field)).toContain(field);
    expect(api.engine.rounds.size).toBe(0);
  });

  it('an id that exists is refused', async () => {
    await create({ id: 'one' });
    const response = await post('/v1/rounds', roundBody({ id: 'one' }));
    expect([response.statusCode, response.json().error.code]).toEqual([409, 'ROUND_EXISTS']);
  });
});

describe('who may change rounds', () => {
  it.each([
    ['no token', {}],
    ['another scheme', { authorization: 'Basic dGVzdA==' }],
    ['a wrong token', { authorization: 'Bearer test-token-of-the-operatoR' }],
    ['an empty token', { authorization: 'Bearer ' }],
  ])('not who comes with %s', async (_what, headers) => {
    const id = await create();
    for (const url of ['/v1/rounds', `/v1/rounds/${id}/start`, `/v1/rounds/${id}/cancel`]) {
      const response = await api.app.inject({ method: 'POST', url, headers, payload: {} });
      expect([response.statusCode, response.json().error.code]).toEqual([401, 'UNAUTHORIZED']);
      expect(response.headers['www-authenticate']).toBe('Bearer');
    }
  });
});

describe('Idempotency-Key', () => {
  it('is required wherever something changes, and has to be a sensible one', async () => {
    const { authorization = '' } = adminHeaders();
    for (const key of [undefined, 'short', 'with blank in it', 'x'.repeat(129)]) {
      const headers = { authorization, ...(key === undefined ? {} : { 'idempotency-key': key }) };
      for (const url of ['/v1/rounds', '/v1/rounds/a/start', '/v1/rounds/a/cancel']) {
        const response = await post(url, url === '/v1/rounds' ? roundBody() : {}, headers);
        expect(response.statusCode).toBe(400);
        expect(response.json().error).toMatchObject({
          code: 'VALIDATION_FAILED',
          details: [{ field: 'idempotency-key' }],
        });
      }
    }
  });

  it('gives the same answer again for the same request, whatever the order of its fields', async () => {
    const headers = adminHeaders();
    const first = await post('/v1/rounds', roundBody({ title: 'A', rateSatsPerSecond: 2 }), headers);
    api.clock.ms += 5_000;
    const again = await post('/v1/rounds', { rateSatsPerSecond: 2, title: 'A', ...roundBody() }, headers);
    expect(again.statusCode).toBe(201);
    expect(again.json().data).toEqual(first.json().data);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    expect(api.engine.rounds.size).toBe(1);
  });

  it('refuses another request with the same key, on any route', async () => {
    const headers = adminHeaders();
    const first = await post('/v1/rounds', roundBody(), headers);
    const { roundId } = first.json().data.terms;
    for (const [url, body] of [
      ['/v1/rounds', roundBody({ title: 'B' })],
      [`/v1/rounds/${roundId}/cancel`, {}],
    ] as const) {
      const response = await post(url, body, headers);
      expect([response.statusCode, response.json().error.code]).toEqual([409, 'IDEMPOTENCY_MISMATCH']);
    }
    expect(api.engine.rounds.get(roundId)?.phase).toBe('scheduled');
  });

  it('holds also when the API has forgotten: the round is named by the key', async () => {
    const headers = adminHeaders();
    const first = await post('/v1/rounds', roundBody(), headers);
    api.clock.ms += 25 * 3_600_000; // older than what is kept
    const again = await post('/v1/rounds', roundBody(), headers);
    expect(again.json().data).toEqual(first.json().data);
    api.clock.ms += 25 * 3_600_000;
    const other = await post('/v1/rounds', roundBody({ durationSeconds: 61 }), headers);
    expect(other.json().error.code).toBe('IDEMPOTENCY_MISMATCH');
    expect(api.engine.rounds.size).toBe(1);
  });

  it('lets two requests at once create one round', async () => {
    const headers = adminHeaders();
    const answers = await Promise.all([1, 2, 3].map(() => post('/v1/rounds', roundBody(), headers)));
    expect(answers.map((answer) => answer.statusCode)).toEqual([201, 201, 201]);
    expect(api.engine.rounds.size).toBe(1);
  });

  it('repeats a refusal', async () => {
    const headers = adminHeaders();
    for (const replayed of [undefined, undefined]) {
      const response = await post('/v1/rounds/none/start', {}, headers);
      expect([response.statusCode, response.json().error.code]).toEqual([404, 'ROUND_NOT_FOUND']);
      expect(response.headers['idempotency-replayed']).toBe(replayed);
    }
  });
});

describe('start and cancel', () => {
  it('a round is started once', async () => {
    const id = await create();
    const started = await post(`/v1/rounds/${id}/start`);
    expect([started.statusCode, started.json().data.phase]).toEqual([200, 'live']);
    const again = await post(`/v1/rounds/${id}/start`);
    expect([again.statusCode, again.json().error.code]).toEqual([409, 'ALREADY_STARTED']);
  });

  it('a cancelled round stays cancelled, and saying so again is fine', async () => {
    const id = await create();
    expect((await post(`/v1/rounds/${id}/cancel`, { reason: 'rain' })).json().data.phase).toBe('cancelled');
    expect((await post(`/v1/rounds/${id}/cancel`)).json().data.phase).toBe('cancelled');
  });

  it('a settled round cannot be cancelled, an unknown one neither', async () => {
    const id = await create();
    api.engine.setPhase(id, 'settled');
    expect((await post(`/v1/rounds/${id}/cancel`)).json().error.code).toBe('NOT_CANCELLABLE');
    expect((await post('/v1/rounds/none/cancel')).json().error.code).toBe('ROUND_NOT_FOUND');
  });

  it.each([
    ['reason', 5],
    ['reason', ''],
    ['reason', null],
    ['reason', ['x']],
    ['reason', 'x'.repeat(201)],
    ['other', 1],
  ])('cancel refuses %s = %j', async (field, value) => {
    const response = await post('/v1/rounds/some/cancel', { [field]: value });
    expect(response.json().error).toMatchObject({ code: 'VALIDATION_FAILED', details: [{ field }] });
  });
});

interface RoundPage {
  readonly rounds: readonly { readonly terms: { readonly roundId: string } }[];
  readonly nextCursor: string | null;
}

describe('reading rounds', () => {
  it('pages newest first, to the end, without a gap or a repeat', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) {
      api.clock.ms += i % 2; // some in the same millisecond
      ids.push(await create());
    }
    const seen: string[] = [];
    let url: string | null = '/v1/rounds?limit=3';
    while (url !== null) {
      const data: RoundPage = (await api.app.inject(url)).json().data;
      seen.push(...data.rounds.map((round) => round.terms.roundId));
      url = data.nextCursor === null ? null : `/v1/rounds?limit=3&cursor=${data.nextCursor}`;
    }
    expect(seen.toSorted()).toEqual(ids.toSorted());
    expect(new Set(seen).size).toBe(7);
  });

  it('gives no cursor when the last page is full', async () => {
    await create();
    await create();
    expect((await api.app.inject('/v1/rounds?limit=2')).json().data.nextCursor).toBeNull();
  });

  it('filters by phase across pages', async () => {
    const live: string[] = [];
    for (let i = 0; i < 250; i++) {
      api.clock.ms++;
      const id = await create();
      if (i % 60 === 0) {
        api.engine.setPhase(id, 'live');
        live.unshift(id);
      }
    }
    const first: RoundPage = (await api.app.inject('/v1/rounds?phase=live&limit=3')).json().data;
    const second: RoundPage = (
      await api.app.inject(`/v1/rounds?phase=live&limit=3&cursor=${first.nextCursor}`)
    ).json().data;
    const ids = [...first.rounds, ...second.rounds].map((round) => round.terms.roundId);
    expect(ids).toEqual(live);
    expect(second.nextCursor).toBeNull();
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=abc', 'limit'],
    ['limit=', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['phase=running', 'phase'],
    ['cursor=abc', 'cursor'],
    ['cursor=', 'cursor'],
    ['page=2', 'page'],
  ])('refuses ?%s', async (query, field) => {
    const response = await api.app.inject(`/v1/rounds?${query}`);
    expect(response.statusCode).toBe(400);
    expect(response.json().error).toMatchObject({ code: 'VALIDATION_FAILED', details: [{ field }] });
  });

  it('reads one, and refuses what is no id or not there', async () => {
    const id = await create();
    expect((await api.app.inject(`/v1/rounds/${id}`)).json().data.terms.roundId).toBe(id);
    expect((await api.app.inject('/v1/rounds/none')).json().error.code).toBe('ROUND_NOT_FOUND');
    expect((await api.app.inject('/v1/rounds/Not_An_Id')).json().error).toMatchObject({
      code: 'VALIDATION_FAILED',
      details: [{ field: 'roundId' }],
    });
  });
});

describe('results and receipt', () => {
  it('never come for a round that was cancelled', async () => {
    const id = await create();
    api.engine.setPhase(id, 'cancelled');
    for (const what of ['results', 'receipt']) {
      const response = await api.app.inject(`/v1/rounds/${id}/${what}`);
      expect([response.statusCode, response.json().error.code]).toEqual([409, 'ROUND_CANCELLED']);
    }
  });

  it('come when the round is settled', async () => {
    const id = await create();
    for (const what of ['results', 'receipt']) {
      const response = await api.app.inject(`/v1/rounds/${id}/${what}`);
      expect([response.statusCode, response.json().error.code]).toEqual([409, 'RESULTS_NOT_READY']);
      expect((await api.app.inject(`/v1/rounds/none/${what}`)).json().error.code).toBe('ROUND_NOT_FOUND');
    }
    api.engine.setPhase(id, 'settled');
    const results = await api.app.inject(`/v1/rounds/${id}/results`);
    expect(results.json().data).toMatchObject({
      result: { ranking: [1, 0], paidSats: 100, status: 'mined' },
      transactions: [{ blockHeight: 7, feeSats: 30 }],
    });
    const receipt = await api.app.inject(`/v1/rounds/${id}/receipt`);
    expect(receipt.statusCode).toBe(200);
    expect(receipt.rawPayload).toEqual(Buffer.from(api.engine.receiptBytes));
    expect(receipt.headers['content-type']).toMatch(/^application\/json/);
    expect(receipt.headers['content-disposition']).toBe(`attachment; filename="${id}-receipt.json"`);
  });
});
