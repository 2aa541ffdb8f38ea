/** How many connections there are, in all and by address. Owned by the edge thread; an address is forgotten with its last. */
import { CLOSE, type CloseCode } from '../protocol/close-codes.ts';

export class ConnectionCount {
  readonly #max: number;
  readonly #perAddressMax: number;
  readonly #byAddress = new Map<string, number>();
  #all = 0;

  constructor(limits: { readonly max: number; readonly perAddressMax: number }) {
    this.#max = limits.max;
    this.#perAddressMax = limits.perAddressMax;
  }

  /** Counts one more. A close code says that there are too many: then it was not counted. */
  add(address: string): CloseCode | null {
    const before = this.#byAddress.get(address) ?? 0;
    if (before >= this.#perAddressMax) return CLOSE.TOO_MANY_CONNECTIONS;
    if (this.#all >= this.#max) return CLOSE.OVERLOADED;
    this.#byAddress.set(address, before + 1);
    this.#all++;
    return null;
  }

  remove(address: string): void {
    const left = (this.#byAddress.get(address) ?? 0) - 1;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
    this.#all--;
  }
}
