/** What a route says about its answers, for the serializer and OpenAPI: its data, and every code it can refuse with. */
import type { TSchema } from 'typebox';
import { type Code, codeInfo } from '../core/errors.ts';
import { envelopeSchema, errorEnvelopeSchema } from './envelope.ts';

/** Any route can answer with these. */
const ALWAYS: readonly Code[] = ['RATE_LIMITED', 'INTERNAL', 'UNAVAILABLE', 'STORE_FAILED', 'CHAIN_FAILED'];
/** Those with parameters, a query or headers. */
export const CHECKED: readonly Code[] = ['VALIDATION_FAILED'];
/** Those that take a body and change something. */
export const CHANGING: readonly Code[] = [
  'BAD_REQUEST',
  'VALIDATION_FAILED',
  'IDEMPOTENCY_MISMATCH',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
];

/** `response` of a route schema: `data` in its envelope with status `ok`, and the codes by their status. */
export function responses(ok: number, data: TSchema, codes: readonly Code[]): Record<number, TSchema> {
  return { [ok]: envelopeSchema(data), ...failures(codes) };
}

export function failures(codes: readonly Code[]): Record<number, TSchema> {
  const byStatus = new Map<number, Set<Code>>();
  for (const code of [...codes, ...ALWAYS]) {
    const { http } = codeInfo(code);
    byStatus.set(http, (byStatus.get(http) ?? new Set()).add(code));
  }
  return Object.fromEntries([...byStatus].map(([status, set]) => [status, errorEnvelopeSchema([...set])]));
}
