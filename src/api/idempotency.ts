/**
 * Answers by Idempotency-Key: the same key with the same request gets the same answer, with another request
 * IDEMPOTENCY_MISMATCH. Kept in memory, bounded by number (least recently used goes first) and age; what a key
 * made is idempotent underneath as well (round ids and funding keys derive from it), so that a forgotten or
 * restarted memory does not do things twice. Two requests at once share one execution.
 */
import { codeInfo } from '../core/errors.ts';
import type { Clock } from '../ports/clock.ts';
import { ApiError } from './api-error.ts';

interface Entry {
  readonly fingerprint: string;
  readonly storedAtMs: number;
  readonly answer: Promise<unknown>;
}

export interface IdempotencyOptions {
  readonly clock: Clock;
  readonly entriesMax: number;
  readonly ttlMs: number;
}

export class IdempotentAnswers {
  readonly #options: IdempotencyOptions;
  /** In order of last use. */
  readonly #entries = new Map<string, Entry>();

  constructor(options: IdempotencyOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Runs `execute` at most once per key. A refusal that may be retried (and any fault) is not kept.
   * @throws {ApiError} IDEMPOTENCY_MISMATCH, and whatever `execute` throws.
   */
  async run<T>(
    request: { readonly key: string; readonly fingerprint: string },
    execute: () => Promise<T>,
  ): Promise<{ readonly answer: T; readonly replayed: boolean }> {
    const { clock, entriesMax, ttlMs } = this.#options;
    const nowMs = clock.monotonicMs();
    const known = this.#entries.get(request.key);
    this.#entries.delete(request.key); // to the end of the order
    if (known !== undefined && nowMs - known.storedAtMs < ttlMs) {
      this.#entries.set(request.key, known);
      if (known.fingerprint !== request.fingerprint) throw new ApiError('IDEMPOTENCY_MISMATCH');
      // The fingerprint holds method and route, so what was stored is a T.
      return { answer: (await known.answer) as T, replayed: true };
    }
    const answer = execute();
    const entry: Entry = { fingerprint: request.fingerprint, storedAtMs: nowMs, answer };
    this.#entries.set(request.key, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= entriesMax) break;
      this.#entries.delete(oldest);
    }
    try {
      return { answer: await answer, replayed: false };
    } catch (error) {
      const final = error instanceof ApiError && !codeInfo(error.code).retryable;
      if (!final && this.#entries.get(request.key) === entry) this.#entries.delete(request.key);
      throw error;
    }
  }
}

/** A text that is equal exactly for equal requests. */
export function fingerprintOf(method: string, url: string, body: unknown): string {
  return `${method} ${url} ${canonicalJson(body)}`;
}

/** JSON with the keys of every object in order, so that their order makes no difference. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value)) ?? '';
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
