/**
 * What happened, as a hash that two runs of one seed must share, and as lines that a person can read. Lines are only
 * made when somebody wants them: a failing seed is run again with lines on, which gives the same run.
 */

/** Lines kept for the report of a failure. */
const LINES_MAX = 400;

export class Trace {
  readonly #write: ((line: string) => void) | null;
  readonly #lines: string[] = [];
  readonly #keep: boolean;
  /** FNV-1a, twice, with different bases. */
  #a = 0x811c9dc5;
  #b = 0x01234567;

  constructor(options: { readonly keep: boolean; readonly write: ((line: string) => void) | null }) {
    this.#keep = options.keep;
    this.#write = options.write;
  }

  get wantsLines(): boolean {
    return this.#keep || this.#write !== null;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  get hash(): string {
    return hex(this.#a) + hex(this.#b);
  }

  event(atMs: number, life: string, label: string): void {
    this.mix(atMs * 1000);
    this.text(life);
    this.text(label);
  }

  text(text: string): void {
    for (let i = 0; i < text.length; i++) this.mix(text.charCodeAt(i));
  }

  bytes(bytes: Uint8Array): void {
    this.mix(bytes.length);
    for (let i = 0; i < bytes.length; i++) this.mix(bytes[i] as number);
  }

  mix(value: number): void {
    const low = value | 0;
    this.#a = Math.imul(this.#a ^ low, 0x01000193);
    this.#b = Math.imul(this.#b ^ low, 0x01000193) ^ (this.#a >>> 13);
  }

  /** `text` is asked for only when lines are wanted. */
  line(atMs: number, life: string, text: () => string): void {
    if (!this.wantsLines) return;
    const line = `${(atMs / 1000).toFixed(3).padStart(9)} ${life.padEnd(13)} ${text()}`;
    this.#write?.(line);
    if (!this.#keep) return;
    this.#lines.push(line);
    if (this.#lines.length > LINES_MAX) this.#lines.splice(0, LINES_MAX / 2);
  }
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
