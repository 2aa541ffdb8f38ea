/** A request that is answered with a code of the registry: how a route refuses. */
import { type Code, codeInfo } from '../core/errors.ts';

export interface ErrorDetail {
  /** Path of the field in the body, or the name of the parameter or header. */
  readonly field: string;
  readonly message: string;
}

/** Thrown by routes and hooks; `failure.ts` turns it into the answer. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: Code;
  readonly details: readonly ErrorDetail[];
  /** Read by Fastify's plugins. */
  readonly statusCode: number;

  constructor(code: Code, details: readonly ErrorDetail[] = [], message: string = codeInfo(code).message) {
    super(message);
    this.code = code;
    this.details = details;
    this.statusCode = codeInfo(code).http;
  }
}

/** One wrong field. */
export function invalid(field: string, message: string): ApiError {
  return new ApiError('VALIDATION_FAILED', [{ field, message }]);
}
