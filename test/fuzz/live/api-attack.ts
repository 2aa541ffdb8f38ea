/** Calls of the HTTP API that are almost right. Every answer has a documented code in the envelope, and none is 500. */
import net from 'node:net';
import { CODES } from '../../../src/core/errors.ts';
import type { Prng } from '../../../src/core/prng.ts';
import { mutatedJson } from '../mutate-json.ts';
import { mutated, pick, randomBytes } from '../mutate.ts';
import { insist } from '../target.ts';
import type { Reach } from './engine.ts';

const ANSWER_MS_MAX = 15_000;
/** Rounds that a whole run may leave behind: a round that exists costs something, and that is not what is tested. */
const ROUNDS_MAX = 60;

const ROUND_BODY = {
  id: 'fuzz-0',
  title: 'Fuzz & fury',
  participants: [
    { id: 'left', name: 'Left', account: '11'.repeat(20) },
    { name: 'Right', account: '22'.repeat(20) },
    { name: 'Mid', address: 'mfWxJ45yp2SFn7UciZyNpvDKrzbhyfKrY8' },
  ],
  startsInSeconds: 3_600,
  lobbySeconds: 10,
  durationSeconds: 30,
  rateSatsPerSecond: 1,
  directBps: 4_000,
  prize: { rankBps: [6_000, 2_500], supporterBps: [500, 300, 200], platformBps: 500 },
  scoring: { satsWeight: 10, voteWeight: 100, clapWeight: 1 },
  overtime: { windowSeconds: 5, extendSeconds: 5, extensionsMax: 2 },
  closingSeconds: 2,
  payoutMinSats: 20,
  platformAccount: '33'.repeat(20),
};

const HEADERS: readonly Record<string, string>[] = [
  { 'content-type': 'application/json' },
  { 'content-type': 'application/json' },
  { 'content-type': 'application/json' },
  { 'content-type': 'application/json; charset=utf-16' },
  { 'content-type': 'text/plain' },
  { 'content-type': 'multipart/form-data; boundary=x' },
  {},
];

const PATHS = [
  '/v1/rounds?limit=0',
  '/v1/rounds?limit=100&phase=live',
  '/v1/rounds?cursor=AAAA&limit=1',
  '/v1/rounds?phase=__proto__',
  '/v1/rounds/%00',
  '/v1/rounds/%ff%fe',
  '/v1/rounds/..%2f..%2fadmin-token/receipt',
  '/v1/rounds/fuzz-0/results',
  '/v1/rounds/fuzz-0/receipt',
  '/v1/accounts/zz',
  '/v1/config?x[__proto__]=1',
  '/v1/health',
  '/v1//rounds',
];

export interface ApiCounts {
  accepted: number;
  refused: number;
  rounds: number;
}

/** One call, drawn from the random numbers; what it was goes to `say`. */
export async function attackApi(
  { apiUrl, adminToken }: Reach,
  random: Prng,
  counts: ApiCounts,
  say: (text: string) => void,
): Promise<void> {
  if (random.chance(0.1)) return rawRequest(apiUrl, random, say);
  const isRead = random.chance(0.3);
  const path = isRead ? readPath(random) : writePath(random);
  const body = isRead ? undefined : bodyOf(path, random);
  const isAdmin = random.chance(0.7) && counts.rounds < ROUNDS_MAX;
  const headers = {
    ...pick(random, HEADERS),
    'idempotency-key': random.chance(0.9)
      ? `fuzz-${random.u32()}`
      : pick(random, ['', ' ', 'x'.repeat(300), 'é']),
    ...(isAdmin ? { authorization: `Bearer ${adminToken}` } : {}),
  };
  const method = isRead ? 'GET' : pick(random, ['POST', 'POST', 'POST', 'POST', 'PUT', 'DELETE', 'PATCH']);
  say(
    `${method} ${path} ${JSON.stringify(headers)} ${body === undefined ? '' : Buffer.from(body).toString('hex')}`,
  );
  const response = await fetch(`${apiUrl}${path}`, {
    method,
    headers,
    body: body ?? null,
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });
  const text = await response.text();
  checkAnswer(response.status, text, path);
  if (response.status < 400) counts.accepted++;
  else counts.refused++;
  if (response.status === 201 && path.endsWith('/rounds')) counts.rounds++;
}

function readPath(random: Prng): string {
  const path = pick(random, PATHS);
  if (random.chance(0.5)) return path;
  return `/v1/${encodeURI(String.fromCharCode(...randomBytes(random, random.below(40))))}`;
}

function writePath(random: Prng): string {
  const round = `fuzz-${random.below(6)}`;
  return pick(random, [
    '/v1/rounds',
    '/v1/rounds',
    '/v1/rounds',
    `/v1/rounds/${round}/start`,
    `/v1/rounds/${round}/cancel`,
    '/v1/dev/accounts',
    '/v1/dev/accounts',
  ]);
}

function bodyOf(path: string, random: Prng): Uint8Array<ArrayBuffer> {
  const valid = path.endsWith('/accounts')
    ? { account: '44'.repeat(20), sats: 1_000 }
    : path.endsWith('/cancel')
      ? { reason: 'fuzz' }
      : path.endsWith('/start')
        ? {}
        : { ...ROUND_BODY, id: `fuzz-${random.below(6)}` };
  const text = JSON.stringify(random.chance(0.9) ? mutatedJson(valid, random) : valid);
  const bytes = new TextEncoder().encode(text);
  if (random.chance(0.02)) return new Uint8Array(20_000).fill(0x20);
  return random.chance(0.2) ? Uint8Array.from(mutated(random, [bytes])) : bytes;
}

function checkAnswer(status: number, text: string, path: string): void {
  const isFile = path.endsWith('/receipt') && status === 200;
  if (status === 204 || isFile) return;
  let answer: {
    data?: unknown;
    error?: { code?: string; message?: string; details?: unknown[] };
    meta?: unknown;
  };
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch {
    insist(false, `${status} ${path}: not JSON: ${text.slice(0, 200)}`);
  }
  if (status < 400) {
    insist(
      answer.data !== undefined && answer.meta !== undefined,
      `${status} ${path}: ${text.slice(0, 200)}`,
    );
    return;
  }
  const { code, message } = answer.error ?? {};
  const info = Object.entries(CODES).find(([name]) => name === code)?.[1];
  insist(
    info !== undefined && message !== undefined,
    `${status} ${path}: no documented code: ${text.slice(0, 300)}`,
  );
  insist(info.http === status, `${String(code)} was answered with status ${status}`);
  insist(code !== 'INTERNAL', `${path}: ${text.slice(0, 300)}`);
}

/** HTTP that is none: the server may answer or hang up, but has to do so, and to live. */
function rawRequest(apiUrl: string, random: Prng, say: (text: string) => void): Promise<void> {
  const requests = [
    'GET /v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'POST /v1/rounds HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET',
    'POST /v1/rounds HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 9\r\n\r\n{}\n',
    'GET /v1/health HTTP/1.1\r\n Host: x\r\n\r\n',
    `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  ].map((text) => new TextEncoder().encode(text));
  const bytes = random.chance(0.5) ? pick(random, requests) : mutated(random, requests);
  say(`raw ${Buffer.from(bytes).toString('hex')}`);
  const { hostname, port } = new URL(apiUrl);
  return new Promise((resolve) => {
    const socket = net.connect({ host: hostname, port: Number(port) });
    const late = setTimeout(() => socket.destroy(), 500); // an incomplete request may wait for its rest
    socket.on('data', () => undefined);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(late);
      resolve();
    });
    socket.end(bytes);
  });
}
