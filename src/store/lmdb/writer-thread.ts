/**
 * The writer: the one thread of a process that writes to its database, so that no event loop waits for a disk
 * and no thread can end in the middle of a transaction. Entry point of a worker; `writer-host.ts` starts it.
 *
 * Requests come in over one port per handle and are committed in groups: while one commit is being flushed
 * the next group gathers in the ports, so a group is as large as the load asks for. Other processes may
 * have the database open too: transactions are atomic across them as well.
 */
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../core/assert.ts';
import { refuseDamage } from './damage.ts';
import { type Database, openDatabase } from './database.ts';
import { faultOf } from './faults.ts';
import { hasRoom } from '../../platform/disk-room.ts';
import { GroupCommitter } from './group-commit.ts';
import type { FromWriter, ToWriter, WriteOutcome, WriteRequest, WriterStart } from './messages.ts';
import { ensureSchema } from './schema.ts';

/** Writes of one commit. Bounds how long the first one waits for the last. */
const GROUP_MAX = 512;

interface Queued {
  readonly port: MessagePort;
  readonly request: WriteRequest;
}

export interface WriterData {
  readonly path: string;
}

function runWriter(db: Database, path: string, main: MessagePort): void {
  const committer = new GroupCommitter(db, () => hasRoom(path));
  const queue: Queued[] = [];
  const ports = new Set<MessagePort>();
  let isScheduled = false;
  let isStopping = false;

  const schedule = (): void => {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(commitNext); // after every port that has messages now has been read
  };

  const commitNext = (): void => {
    isScheduled = false;
    const group = queue.splice(0, GROUP_MAX);
    if (group.length > 0) {
      const attempts = committer.commit(group.map(({ request }) => request));
      const replies = new Map<MessagePort, WriteOutcome[]>();
      for (const [i, { port, request }] of group.entries()) {
        const attempt = attempts[i];
        assert(attempt !== undefined, 'a write without an outcome');
        const outcomes = replies.get(port) ?? [];
        replies.set(port, outcomes);
        outcomes.push({ id: request.id, ...attempt });
      }
      for (const [port, outcomes] of replies) send(port, { kind: 'outcomes', outcomes });
    }
    if (queue.length > 0) schedule();
    else if (isStopping) void stop(); // should it fail, the thread does, and main hears of it
  };

  const stop = async (): Promise<void> => {
    for (const port of ports) port.close();
    main.close();
    await db.close(); // the last handle of the process to go closes the environment
  };

  main.on('message', (message: ToWriter) => {
    if (message.kind === 'stop') {
      isStopping = true;
      schedule();
      return;
    }
    const { port } = message;
    ports.add(port);
    port.on('message', (requests: readonly WriteRequest[]) => {
      for (const request of requests) queue.push({ port, request });
      schedule();
    });
    port.on('close', () => ports.delete(port));
    send(port, { kind: 'welcome' });
  });
}

function send(port: MessagePort, message: FromWriter): void {
  port.postMessage(message); // a port whose other side is gone drops it
}

/** A new file survives a power loss only when its directory is flushed as well. */
function flushDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function start(main: MessagePort, { path }: WriterData): void {
  const answer = (message: WriterStart): void => main.postMessage(message, []);
  try {
    mkdirSync(path, { recursive: true });
    refuseDamage(path);
    const db = openDatabase(path, { readOnly: false });
    ensureSchema(db, path);
    flushDirectory(path);
    runWriter(db, path, main);
    answer({ kind: 'ready' });
  } catch (error) {
    answer({ kind: 'failed', fault: faultOf(error, false) });
    main.close();
  }
}

assert(parentPort !== null, 'the writer runs in a worker thread');
start(parentPort, workerData as WriterData);
