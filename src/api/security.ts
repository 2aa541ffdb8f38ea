/** Headers, origins and rates: what every answer carries and how often one address may ask. */
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyRequest } from 'fastify';
import { WS_PATH } from '../core/limits.ts';
import { ApiError } from './api-error.ts';
import type { ApiApp, ApiConfig } from './context.ts';

/** Addresses whose rates are remembered; the least recently seen one is forgotten first. */
const RATE_ADDRESSES_MAX = 20_000;

export interface SecurityOptions {
  readonly config: ApiConfig;
  readonly isAdmin: (authorization: string | undefined) => boolean;
  readonly wsUrl: (request: FastifyRequest) => string;
}

export async function registerSecurity(app: ApiApp, options: SecurityOptions): Promise<void> {
  const { config, isAdmin, wsUrl } = options;

  // TLS, and with it HSTS, belongs to the proxy in front; the policy depends on the request, see below.
  await app.register(helmet, { contentSecurityPolicy: false, strictTransportSecurity: false });
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('content-security-policy', contentSecurityPolicy(wsUrl(request)));
    void reply.header('x-request-id', request.id);
  });

  await app.register(cors, {
    origin: config.corsOrigins.includes('*') ? '*' : [...config.corsOrigins],
    methods: ['GET', 'HEAD', 'POST'],
    allowedHeaders: ['authorization', 'content-type', 'idempotency-key'],
    exposedHeaders: ['x-request-id', 'idempotency-replayed', 'retry-after', 'content-disposition'],
    maxAge: 600,
  });

  await app.register(rateLimit, {
    timeWindow: 60_000,
    cache: RATE_ADDRESSES_MAX,
    max: (request) => (reads(request) ? config.apiReadsPerMinute : config.apiWritesPerMinute),
    keyGenerator: (request) => `${reads(request) ? 'read' : 'write'} ${addressOf(request)}`,
    allowList: (request) => isAdmin(request.headers.authorization),
    errorResponseBuilder: () => new ApiError('RATE_LIMITED'),
  });
}

/** A connection that is gone has no address any more: nobody waits for the answer, so all of them share one rate. */
function addressOf(request: FastifyRequest): string {
  const address: string | undefined = request.ip;
  return address === undefined ? 'gone' : normalizeIP(address);
}

function reads(request: FastifyRequest): boolean {
  return request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS';
}

/** Scripts and styles only from files of this server, none inline; connections to it and to the edge. */
function contentSecurityPolicy(wsUrl: string): string {
  const { protocol, host } = new URL(wsUrl);
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "manifest-src 'self'",
    `connect-src 'self' ${protocol}//${host}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/**
 * Where a client reaches the edge: the public URL if one is set, else the host name it used for the API with
 * the edge's port. The name is what the client sent, so it is taken only if it is one.
 */
export function edgeUrl(request: FastifyRequest, publicWsUrl: string | null, edgePort: number): string {
  if (publicWsUrl !== null) return publicWsUrl;
  const host = /^(\[[0-9a-f:.]+\]|[a-z0-9][a-z0-9.-]*)(:\d{1,5})?$/i.exec(request.host)?.[1] ?? '127.0.0.1';
  const url = `${request.protocol === 'https' ? 'wss' : 'ws'}://${host}:${edgePort}${WS_PATH}`;
  return URL.canParse(url) ? url : `ws://127.0.0.1:${edgePort}${WS_PATH}`;
}
