/** What a check says, and the tools that it is given: hashing and signatures differ between Node and browser. */
import type { AccountHashes } from '../../core/account-key.ts';

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What was found, or what is wrong. */
  readonly detail: string;
}

export interface VerifyTools extends AccountHashes {
  /** ECDSA secp256k1 over a 32-byte hash, compact r || s; false for a high S and for anything malformed. */
  readonly verifySignature: (hash: Uint8Array, signature: Uint8Array, publicKey: Uint8Array) => boolean;
}

/** Collects checks in order; `run` takes the problem, or undefined when there is none. */
export class CheckList {
  readonly checks: Check[] = [];

  get ok(): boolean {
    return this.checks.every((check) => check.ok);
  }

  add(name: string, problem: string | undefined, found: string): boolean {
    this.checks.push({ name, ok: problem === undefined, detail: problem ?? found });
    return problem === undefined;
  }
}

/** The first problem that `find` sees, with the place in front. */
export function firstProblem<T>(
  items: readonly T[],
  what: string,
  find: (item: T, index: number) => string | undefined,
): string | undefined {
  for (const [index, item] of items.entries()) {
    const problem = find(item, index);
    if (problem !== undefined) return `${what} ${index}: ${problem}`;
  }
  return undefined;
}
