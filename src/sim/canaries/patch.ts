/** Replacing a method of a class for the time of a run. */

type AnyFunction = (this: never, ...args: never[]) => unknown;

/** `make` gets the method as it was. Returns how to put it back. */
export function patched<T extends object, K extends keyof T & string>(
  prototype: T,
  name: K,
  make: (original: T[K] & AnyFunction) => T[K],
): () => void {
  const own = Object.getOwnPropertyDescriptor(prototype, name);
  if (own === undefined) throw new Error(`there is no method ${name} to patch`);
  Object.defineProperty(prototype, name, { ...own, value: make(own.value as T[K] & AnyFunction) });
  return () => void Object.defineProperty(prototype, name, own);
}
