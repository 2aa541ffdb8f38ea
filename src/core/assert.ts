/**
 * Assertions that stay on in production. A failed one is a bug: the thread that owns the state must not
 * go on with it, so nothing in the engine catches it but the supervisor, which restores from the store.
 */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/** The default branch of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable: ${JSON.stringify(value)}`);
}
