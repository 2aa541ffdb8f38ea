// docs/API.md, OpenAPI and the code say the same.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CODES, codeInfo } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { ROUND_DEFAULTS } from './round-body.ts';
import { type TestApi, adminHeaders, createTestApi, roundBody } from './test-engine.ts';

interface Operation {
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
  readonly security?: unknown;
}

let api: TestApi;
let text: string;
/** By `METHOD /path`. */
const operations = new Map<string, Operation>();

beforeAll(async () => {
  api = await createTestApi({ devFaucetSatsMax: 1_000_000 });
  text = await readFile(new URL('../../docs/API.md', import.meta.url), 'utf8');
  const { paths }: { paths: Record<string, Record<string, Operation>> } = (
    await api.app.inject('/docs/json')
  ).json();
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      operations.set(`${method.toUpperCase()} ${path}`, operation);
    }
  }
});
afterAll(() => api.app.close());

/** Names and types, without the values. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return value === null ? null : typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shapeOf(each)]));
}

const ALWAYS = new Set(['RATE_LIMITED', 'INTERNAL', 'CHAIN_FAILED', 'UNAVAILABLE', 'STORE_FAILED']);

const byRoute = (a: { route: string }, b: { route: string }): number => (a.route < b.route ? -1 : 1);

function codesOf(operation: Operation): Set<string> {
  const failures = Object.entries(operation.responses).filter(([status]) => Number(status) >= 400);
  return new Set(failures.flatMap(([, { description }]) => description.split(', ')));
}

describe('docs/API.md', () => {
  it('lists exactly the routes of OpenAPI, with their codes and who may call them', () => {
    const rows = text.split('\n').filter((line) => /^\| `(GET|POST) /.test(line));
    const documented = rows.map((row) => {
      const [, route = '', what = '', codes = ''] = row.split('|').map((cell) => cell.trim());
      const list = codes.split(' ').filter((code) => code !== '');
      return { route: route.replaceAll('`', ''), codes: new Set(list), admin: what.endsWith('(admin)') };
    });
    const described = [...operations].map(([route, operation]) => ({
      route,
      codes: new Set([...codesOf(operation)].filter((code) => !ALWAYS.has(code))),
      admin: operation.security !== undefined,
    }));
    expect(documented.toSorted(byRoute)).toEqual(described.toSorted(byRoute));
  });

  it('says the statuses of the codes any route can give', () => {
    for (const operation of operations.values()) {
      for (const code of ALWAYS) expect(codesOf(operation)).toContain(code);
    }
    const section = text.slice(text.indexOf('## Routes'), text.indexOf('| route'));
    for (const code of ALWAYS) expect(section).toContain(code);
  });

  it('shows the answer of each route as it is', async () => {
    const of = async (method: 'GET' | 'POST', url: string, payload?: object): Promise<unknown> => {
      const headers = method === 'POST' ? adminHeaders() : {};
      const answer = await api.app.inject({ method, url: `/v1${url}`, headers, ...(payload && { payload }) });
      return answer.json().data;
    };
    const account = '11'.repeat(20);
    const round = await of('POST', '/rounds', roundBody({ id: 'grand-final' }));
    const page = { ...((await of('GET', '/rounds?limit=1')) as object), rounds: [], nextCursor: '' };
    api.engine.setPhase('grand-final', 'settled');
    const results = await of('GET', '/rounds/grand-final/results');
    const balances = await of('POST', '/dev/accounts', { account, sats: 1_000 });
    const [health, config] = [await of('GET', '/health'), await of('GET', '/config')];
    const { participantsMin, participantsMax } = LIMITS;
    const shown = { ...(config as object), limits: { participantsMin, participantsMax } };

    const section = text.slice(text.indexOf('## What the routes answer'));
    const examples = [...section.matchAll(/```json\n(.*?)```/gs)].map(([, json = '']) => JSON.parse(json));
    expect(examples.map(shapeOf)).toEqual([round, page, results, balances, health, shown].map(shapeOf));
    expect(shapeOf(await of('GET', `/accounts/${account}`))).toEqual(shapeOf(balances));
    for (const route of operations.keys()) expect(section, route).toContain(`\`${route}\``);
  });

  it('names the defaults that the code has', () => {
    const { prize, scoring } = ROUND_DEFAULTS;
    for (const line of [
      `| \`title\` | ${ROUND_DEFAULTS.title} |`,
      `| in ${ROUND_DEFAULTS.startsInSeconds} seconds |`,
      `| ${ROUND_DEFAULTS.durationSeconds} seconds |`,
      `| \`rateSatsPerSecond\` | ${ROUND_DEFAULTS.rateSatsPerSecond} |`,
      `4000 to 4500) | ${ROUND_DEFAULTS.directBps} |`,
      `| ranks ${prize.rankBps.join(', ')}; supporters ${prize.supporterBps.join(', ')}; platform ${prize.platformBps} |`,
      `| ${scoring.satsWeight}, ${scoring.voteWeight}, ${scoring.clapWeight} |`,
      `can still be paid) | ${ROUND_DEFAULTS.closingSeconds} |`,
    ]) {
      expect(text).toContain(line);
    }
  });
});

it('OpenAPI names only codes of the registry, each under its own status', () => {
  for (const operation of operations.values()) {
    for (const [status, { description }] of Object.entries(operation.responses)) {
      if (Number(status) < 400) continue;
      for (const code of description.split(', ')) {
        expect(Object.keys(CODES)).toContain(code);
        expect(codeInfo(code as keyof typeof CODES).http).toBe(Number(status));
      }
    }
  }
});
