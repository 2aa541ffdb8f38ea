/** Parts of a time span that follow one another without a gap, by name, in milliseconds; a name may come again. */
export type Parts = Readonly<Record<string, number>>;

export class PartTimer {
  readonly #parts: Record<string, number> = {};
  #atMs = performance.now();

  /** What passed since the last call, or since the beginning, was `part`. */
  end(part: string): void {
    const nowMs = performance.now();
    this.#parts[part] = (this.#parts[part] ?? 0) + nowMs - this.#atMs;
    this.#atMs = nowMs;
  }

  get parts(): Parts {
    return this.#parts;
  }
}
