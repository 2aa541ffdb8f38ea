/**
 * The one registry of error codes: what a client, an operator or a program can be told. Three kinds of
 * failure exist here: a bug (`assert`), an expected outcome (a returned `Refusal`, never thrown on a hot
 * path) and a fault of operation (`EngineError`). Codes are stable; messages may change.
 */

export interface CodeInfo {
  /** HTTP status when the API answers with this code. */
  readonly http: number;
  /** Whether the same request may succeed later without being changed. */
  readonly retryable: boolean;
  readonly message: string;
}

export const CODES = {
  // Requests
  BAD_REQUEST: { http: 400, retryable: false, message: 'The request is malformed.' },
  VALIDATION_FAILED: { http: 400, retryable: false, message: 'A field is missing or has a wrong value.' },
  UNAUTHORIZED: { http: 401, retryable: false, message: 'This needs a valid token or signature.' },
  FORBIDDEN: { http: 403, retryable: false, message: 'This is not allowed here.' },
  NOT_FOUND: { http: 404, retryable: false, message: 'There is no such thing at this address.' },
  METHOD_NOT_ALLOWED: { http: 405, retryable: false, message: 'This address does not take that method.' },
  IDEMPOTENCY_MISMATCH: {
    http: 409,
    retryable: false,
    message: 'This Idempotency-Key was used for another request.',
  },
  PAYLOAD_TOO_LARGE: { http: 413, retryable: false, message: 'The body is too large.' },
  UNSUPPORTED_MEDIA_TYPE: { http: 415, retryable: false, message: 'The body has to be application/json.' },
  RATE_LIMITED: { http: 429, retryable: true, message: 'Too many requests; slow down.' },
  INTERNAL: { http: 500, retryable: true, message: 'The engine failed; the fault has been logged.' },
  DEPENDENCY_FAILED: { http: 502, retryable: true, message: 'A service the engine depends on failed.' },
  UNAVAILABLE: { http: 503, retryable: true, message: 'The engine is starting, stopping or overloaded.' },
  // Wire
  BAD_FRAME: {
    http: 400,
    retryable: false,
    message: 'The frame is truncated, oversized or not of its layout.',
  },
  UNKNOWN_FRAME: { http: 400, retryable: false, message: 'The frame type is not known.' },
  TEXT_FRAME: { http: 400, retryable: false, message: 'Only binary frames are understood.' },
  NOT_AUTHENTICATED: { http: 401, retryable: false, message: 'Authenticate first.' },
  BAD_SIGNATURE: {
    http: 401,
    retryable: false,
    message: 'The signature does not fit the key and the bytes.',
  },
  // Rounds
  ROUND_NOT_FOUND: { http: 404, retryable: false, message: 'There is no such round.' },
  ROUND_EXISTS: { http: 409, retryable: false, message: 'A round with this id exists.' },
  ROUND_NOT_OPEN: { http: 409, retryable: true, message: 'The round does not take this yet.' },
  ROUND_OVER: { http: 409, retryable: false, message: 'The round is over.' },
  ROUND_FULL: { http: 409, retryable: true, message: 'The round has as many streams as it can take.' },
  ALREADY_STARTED: { http: 409, retryable: false, message: 'The round has already started.' },
  NOT_CANCELLABLE: { http: 409, retryable: false, message: 'The round is too far along to be cancelled.' },
  UNKNOWN_TARGET: { http: 404, retryable: false, message: 'The round has no such participant.' },
  ROUND_CANCELLED: {
    http: 409,
    retryable: false,
    message: 'The round was cancelled: it is not settled, and everything was given back.',
  },
  RESULTS_NOT_READY: { http: 409, retryable: true, message: 'The round has not been settled yet.' },
  // Streams and vouchers
  BAD_COMMITMENT: {
    http: 400,
    retryable: false,
    message: 'The commitment is not canonical or not for this place.',
  },
  WRONG_NONCE: {
    http: 409,
    retryable: false,
    message: 'The commitment does not carry the nonce of this connection.',
  },
  WRONG_PAYER: { http: 403, retryable: false, message: 'The payer is not the authenticated key.' },
  COMMITMENT_EXPIRED: { http: 409, retryable: false, message: 'The commitment is not valid at this time.' },
  STREAM_EXISTS: { http: 409, retryable: false, message: 'A stream with this id exists.' },
  UNKNOWN_STREAM: {
    http: 404,
    retryable: false,
    message: 'There is no such open stream on this connection or round.',
  },
  STREAM_TAKEN: {
    http: 409,
    retryable: false,
    message: 'The stream was attached by another connection or replaced.',
  },
  INSUFFICIENT_FUNDS: { http: 409, retryable: false, message: 'The available balance does not cover this.' },
  UNKNOWN_CHAIN: { http: 400, retryable: false, message: 'The commitment has no such chain.' },
  BAD_WORD: { http: 400, retryable: false, message: 'The word does not hash to the current tip.' },
  STALE_INDEX: { http: 409, retryable: false, message: 'A higher index of this chain was already accepted.' },
  STEP_TOO_LARGE: {
    http: 400,
    retryable: false,
    message: 'The index is further ahead than one message may go.',
  },
  CHAIN_EXHAUSTED: { http: 409, retryable: false, message: 'The index is beyond the length of the chain.' },
  TOO_EARLY: { http: 409, retryable: true, message: 'More seconds were paid than have been watched.' },
  OVER_HOLD: { http: 409, retryable: false, message: 'The payment is more than what is left of the hold.' },
  // Engagement
  ALREADY_VOTED: { http: 409, retryable: false, message: 'This viewer has voted in this round.' },
  CLAP_FLOOD: { http: 429, retryable: true, message: 'Clapping faster than the limit.' },
  // Money and ownership
  STALE_GENERATION: { http: 409, retryable: false, message: 'Another owner has taken this round over.' },
  COIN_TAKEN: {
    http: 409,
    retryable: true,
    message: 'A coin of this plan is reserved by another settlement.',
  },
  STORE_FAILED: { http: 503, retryable: true, message: 'The store failed.' },
  CHAIN_FAILED: { http: 502, retryable: true, message: 'The broadcaster failed or refused.' },
} as const;

export type Code = keyof typeof CODES;

export function codeInfo(code: Code): CodeInfo {
  return CODES[code];
}

/** An expected outcome that is not success. Returned, never thrown on a hot path. */
export interface Refusal<C extends Code = Code> {
  readonly ok: false;
  readonly code: C;
}

export function refuse<C extends Code>(code: C): Refusal<C> {
  return { ok: false, code };
}

export interface EngineErrorOptions {
  readonly message?: string;
  /** True when the operation may or may not have taken effect: ask before trying again. */
  readonly inDoubt?: boolean;
  readonly cause?: unknown;
}

/** A fault of operation: the disk, the network, another service. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: Code;
  readonly retryable: boolean;
  readonly inDoubt: boolean;

  constructor(code: Code, options: EngineErrorOptions = {}) {
    super(
      options.message ?? codeInfo(code).message,
      options.cause === undefined ? {} : { cause: options.cause },
    );
    this.code = code;
    this.retryable = codeInfo(code).retryable;
    this.inDoubt = options.inDoubt ?? false;
  }
}
