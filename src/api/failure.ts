/**
 * The one place where anything thrown becomes an answer with a code. What is not expected is INTERNAL: logged
 * in full, answered without a word of it.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EngineError, codeInfo } from '../core/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import { ApiError } from './api-error.ts';
import { errorEnvelope } from './envelope.ts';
import { describeViolations } from './validation.ts';

/** Fastify's own refusals, by its code; the other 4xx ones are BAD_REQUEST. */
const FASTIFY_CODES: ReadonlyMap<string, ConstructorParameters<typeof ApiError>[0]> = new Map([
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', 'UNSUPPORTED_MEDIA_TYPE'],
  ['FST_ERR_CTP_BODY_TOO_LARGE', 'PAYLOAD_TOO_LARGE'],
  ['FST_ERR_NOT_FOUND', 'NOT_FOUND'],
  ['FST_ERR_ROUTE_MISSING_CONTENT', 'BAD_REQUEST'],
]);

export interface FailureContext {
  readonly clock: Clock;
  readonly logger: Logger;
}

export function answerFailure(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  { clock, logger }: FailureContext,
): void {
  const error = toApiError(thrown);
  if (error.statusCode >= 500) {
    logger.error('request failed', {
      requestId: request.id,
      url: request.url,
      code: error.code,
      error: thrown,
    });
  }
  if (error.code === 'UNAUTHORIZED') void reply.header('www-authenticate', 'Bearer');
  void reply.code(error.statusCode).send(errorEnvelope(error, request, clock));
}

function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (thrown instanceof EngineError) {
    return codeInfo(thrown.code).http >= 500 ? new ApiError(thrown.code) : new ApiError('INTERNAL');
  }
  if (!(thrown instanceof Error)) return new ApiError('INTERNAL');
  if ('validation' in thrown && Array.isArray(thrown.validation)) {
    const part = 'validationContext' in thrown ? String(thrown.validationContext) : 'request';
    return new ApiError('VALIDATION_FAILED', describeViolations(thrown.validation, part));
  }
  const code = 'code' in thrown ? FASTIFY_CODES.get(String(thrown.code)) : undefined;
  if (code !== undefined) return new ApiError(code);
  const status = 'statusCode' in thrown ? Number(thrown.statusCode) : 500;
  return status >= 400 && status < 500
    ? new ApiError('BAD_REQUEST', [{ field: 'request', message: thrown.message }])
    : new ApiError('INTERNAL');
}
