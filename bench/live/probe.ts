/** What is asked of each thread of an engine under test, and what it answers. Plain data: it crosses threads and processes. */

export type ThreadKind = 'main' | 'shard' | 'edge' | 'writer';

/** After a full collection, bytes. */
export interface ThreadMemory {
  readonly heapBytes: number;
  /** What the heap has taken from the system for that. */
  readonly heapTotalBytes: number;
  /** Outside the heap and owned by JavaScript objects: array buffers and the like. */
  readonly externalBytes: number;
}

export interface ProbeAnswers {
  readonly memory: ThreadMemory;
  /** The kernel's id of the thread. */
  readonly threadId: number;
  /** Calls of the Store port since the thread started, by operation. */
  readonly storeCalls: Readonly<Record<string, number>>;
  readonly startProfile: null;
  /** The profile as `--cpu-prof` writes it. */
  readonly stopProfile: string;
}

export type ProbeQuestion = keyof ProbeAnswers;

/** From the main thread of the engine to one of its threads, and back. */
export interface ProbeCall {
  readonly probe: ProbeQuestion;
  readonly no: number;
}
export interface ProbeReply {
  readonly probe: 'answer';
  readonly no: number;
  readonly answer: unknown;
}
