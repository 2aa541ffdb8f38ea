/**
 * A look over msgpack bytes before they are decoded, so that hostile input costs no more than its own length:
 * a claimed count is compared with the bytes that are left before anything is allocated for it.
 *
 * Accepted: exactly one map, made of nil, booleans, integers, floats, strings (valid UTF-8), binary, arrays and
 * maps with string keys. Refused: extensions, the unused byte 0xc1, anything truncated or left over, deeper than
 * `depthMax`, or of more than `itemsMax` values. Format: the msgpack specification, revision of 2017.
 */

export interface ScanBounds {
  /** Maps and arrays inside each other; the outermost counts as 1. */
  readonly depthMax: number;
  /** Values in all, keys included. */
  readonly itemsMax: number;
}

/** Entries of the one acceptable map that `bytes` is, or -1. Never throws; linear in the length. */
export function scanMap(bytes: Uint8Array, bounds: ScanBounds): number {
  return new Scanner(bytes, bounds).scan();
}

class Scanner {
  readonly #bytes: Uint8Array;
  readonly #depthMax: number;
  #itemsLeft: number;
  #at = 0;

  constructor(bytes: Uint8Array, bounds: ScanBounds) {
    this.#bytes = bytes;
    this.#depthMax = bounds.depthMax;
    this.#itemsLeft = bounds.itemsMax;
  }

  scan(): number {
    const count = this.#mapCount(this.#uint(1));
    if (count < 0 || !this.#map(count, 1)) return -1;
    return this.#at === this.#bytes.length ? count : -1;
  }

  /** A big-endian integer of 1, 2 or 4 bytes; -1 when the input ends before. */
  #uint(size: number): number {
    if (size > this.#bytes.length - this.#at) return -1;
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + (this.#bytes[this.#at++] as number);
    return value;
  }

  #skip(count: number): boolean {
    if (count < 0 || count > this.#bytes.length - this.#at) return false;
    this.#at += count;
    return true;
  }

  /** Entries of the map that the format byte starts; -1 when it starts none. */
  #mapCount(format: number): number {
    if (format >= 0x80 && format <= 0x8f) return format & 0x0f;
    if (format === 0xde) return this.#uint(2);
    return format === 0xdf ? this.#uint(4) : -1;
  }

  #arrayCount(format: number): number {
    if (format >= 0x90 && format <= 0x9f) return format & 0x0f;
    if (format === 0xdc) return this.#uint(2);
    return format === 0xdd ? this.#uint(4) : -1;
  }

  #stringLength(format: number): number {
    if (format >= 0xa0 && format <= 0xbf) return format & 0x1f;
    if (format === 0xd9) return this.#uint(1);
    if (format === 0xda) return this.#uint(2);
    return format === 0xdb ? this.#uint(4) : -1;
  }

  /** Takes `values` from the budget and from the bytes left, of which each value needs at least one. */
  #afford(values: number): boolean {
    if (values > this.#itemsLeft || values > this.#bytes.length - this.#at) return false;
    this.#itemsLeft -= values;
    return true;
  }

  #map(count: number, depth: number): boolean {
    if (depth > this.#depthMax || !this.#afford(2 * count)) return false;
    for (let i = 0; i < count; i++) {
      if (!this.#string(this.#stringLength(this.#uint(1)))) return false;
      if (!this.#value(depth + 1)) return false;
    }
    return true;
  }

  #array(count: number, depth: number): boolean {
    if (depth > this.#depthMax || !this.#afford(count)) return false;
    for (let i = 0; i < count; i++) if (!this.#value(depth + 1)) return false;
    return true;
  }

  #string(length: number): boolean {
    const start = this.#at;
    return this.#skip(length) && isUtf8(this.#bytes, start, this.#at);
  }

  /** One value; `depth` is that of a container found here. */
  #value(depth: number): boolean {
    const format = this.#uint(1);
    if (format < 0) return false;
    if (format < 0x80 || format >= 0xe0) return true;
    if (format < 0x90 || format >= 0xde) return this.#map(this.#mapCount(format), depth);
    if (format < 0xa0 || format >= 0xdc) return this.#array(this.#arrayCount(format), depth);
    if (format < 0xc0 || format >= 0xd9) return this.#string(this.#stringLength(format));
    if (format >= 0xc4 && format <= 0xc6) return this.#skip(this.#uint(1 << (format - 0xc4)));
    return this.#skip(scalarSize(format));
  }
}

/** Bytes that follow the format byte of nil, a boolean or a number; -1 for every other format. */
function scalarSize(format: number): number {
  if (format === 0xc0 || format === 0xc2 || format === 0xc3) return 0;
  if (format === 0xca || format === 0xcb) return 4 << (format - 0xca);
  if (format >= 0xcc && format <= 0xcf) return 1 << (format - 0xcc);
  if (format >= 0xd0 && format <= 0xd3) return 1 << (format - 0xd0);
  return -1;
}

/** Well-formed UTF-8 as the Unicode standard has it (table 3-7): no surrogates, no overlong forms. */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    const lead = bytes[at++] as number;
    if (lead < 0x80) continue;
    if (lead < 0xc2 || lead > 0xf4) return false;
    const more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if (at + more > end) return false;
    const second = bytes[at] as number;
    if (lead === 0xe0 && second < 0xa0) return false;
    if (lead === 0xed && second > 0x9f) return false;
    if (lead === 0xf0 && second < 0x90) return false;
    if (lead === 0xf4 && second > 0x8f) return false;
    for (let i = 0; i < more; i++) if (((bytes[at++] as number) & 0xc0) !== 0x80) return false;
  }
  return true;
}
