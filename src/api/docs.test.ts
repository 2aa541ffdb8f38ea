// docs/API.md, OpenAPI and the code say the same.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CODES, codeInfo } from '../core/errors.ts';
import { ROUND_DEFAULTS } from './round-body.ts';
import { type TestApi, createTestApi } from './test-engine.ts';

interface Operation {
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
  readonly security?: unknown;
}

let api: TestApi;
let text: string;
/** By `METHOD /path`. */
const operations = new Map<string, Operation>();

beforeAll(async () => {
  api = await createTestApi();
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
