/**
 * Virtual time: a heap of events ordered by (at, seeded tie, seq), run one after the other on one thread. Between two
 * events every microtask is drained, so whatever production code awaits goes on before time does.
 *
 * An event belongs to a `Life`: a thread, a process, a viewer. An event of a life that has ended never runs, which is
 * all there is to killing something; one of a life that is paused waits until the pause is over.
 */
import type { Prng } from '../core/prng.ts';

/** Something that can be killed or paused. A life ends with its parent: a thread with its process. */
export class Life {
  readonly name: string;
  readonly #parent: Life | null;
  #alive = true;
  #pausedUntilMs = 0;

  constructor(name: string, parent: Life | null = null) {
    this.name = name;
    this.#parent = parent;
  }

  get alive(): boolean {
    return this.#alive && (this.#parent === null || this.#parent.alive);
  }

  get pausedUntilMs(): number {
    return Math.max(this.#pausedUntilMs, this.#parent?.pausedUntilMs ?? 0);
  }

  end(): void {
    this.#alive = false;
  }

  /** As a garbage collection or a starved core does: nothing runs, nothing is lost. */
  pause(untilMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
  }
}

interface Event {
  atMs: number;
  tie: number;
  seq: number;
  readonly life: Life;
  readonly label: string;
  run: (() => void) | null;
}

export interface Scheduled {
  cancel(): void;
}

/** What an event was, for the trace. */
export type OnEvent = (atMs: number, life: string, label: string) => void;

/** Captured before `guards.ts` closes it to everybody else. */
const macrotask = setImmediate;

export class Scheduler {
  readonly #ties: Prng;
  readonly #heap: Event[] = [];
  readonly #onEvent: OnEvent;
  #nowMs = 0;
  #seq = 0;
  #events = 0;

  readonly #onThrow: (error: unknown) => void;

  constructor(ties: Prng, on: { readonly event: OnEvent; readonly throw: (error: unknown) => void }) {
    this.#ties = ties;
    this.#onEvent = on.event;
    this.#onThrow = on.throw;
  }

  /** Milliseconds since the start of the run, with a fraction. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get events(): number {
    return this.#events;
  }

  after(life: Life, delayMs: number, label: string, run: () => void): Scheduled {
    return this.at(life, this.#nowMs + Math.max(0, delayMs), label, run);
  }

  at(life: Life, atMs: number, label: string, run: () => void): Scheduled {
    const event: Event = { atMs, tie: this.#ties.u32(), seq: ++this.#seq, life, label, run };
    this.#push(event);
    return {
      cancel: () => {
        event.run = null;
      },
    };
  }

  /** Runs what is due until `untilMs`, and `check` after each event. Stops early when `done`. */
  async runUntil(untilMs: number, check: (life: Life) => void, done: () => boolean): Promise<void> {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#pop();
      const { run, life } = next;
      if (run === null || !life.alive) continue;
      if (life.pausedUntilMs > next.atMs) {
        next.atMs = life.pausedUntilMs;
        this.#push(next);
        continue;
      }
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.#events++;
      this.#onEvent(this.#nowMs, life.name, next.label);
      try {
        run();
      } catch (error) {
        this.#onThrow(error);
      }
      await drained();
      check(life);
      if (done()) return;
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(event, heap[parent] as Event)) break;
      heap[at] = heap[parent] as Event;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Event, heap[child] as Event)) child++;
      if (!before(heap[child] as Event, last)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
  }
}

function before(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && (a.tie < b.tie || (a.tie === b.tie && a.seq < b.seq)));
}

/** A turn of the real loop: it begins only when no microtask is left. Nothing else is ever due in it. */
function drained(): Promise<void> {
  return new Promise((resolve) => void macrotask(resolve));
}
