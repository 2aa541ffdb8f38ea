/**
 * A process of its own for one side of a measurement. The script (`*-process.ts`) offers functions with `serveParent`;
 * the bench starts it with `startChild` and calls them by name, typed on both sides:
 *
 *   // server-process.ts
 *   export interface ServerCalls {
 *     listen(options: { readonly port: number }): Promise<number>;
 *     received(): number;
 *   }
 *   serveParent<ServerCalls>({ listen: ..., received: () => count }, () => close());
 *
 *   // bench.ts
 *   const server = await startChild<ServerCalls>(new URL('./server-process.ts', import.meta.url));
 *   const port = await server.call('listen', { port: 0 });
 *   await server.stop();
 *
 * Input and result cross by structured clone (typed arrays, Maps, bigints). A child never outlives its parent: when the
 * channel closes without a stop, it ends at once, whatever it is doing.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Functions of a child, as a type or an interface: none or one argument. */
export type Calls<C> = { readonly [N in keyof C]: (input: never) => unknown };

export interface Child<C extends Calls<C>> {
  readonly pid: number;
  /** Rejects with the child's error, or when it ended meanwhile. One that takes long holds up nothing else. */
  call<N extends keyof C & string>(name: N, ...input: Parameters<C[N]>): Promise<Awaited<ReturnType<C[N]>>>;
  /** Resolves when the process is gone. A child that does not end by itself in time is killed. */
  stop(): Promise<void>;
  /** Without a word, as a crash would. */
  kill(): Promise<void>;
}

type ToChild =
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly input: unknown }
  | { readonly kind: 'stop' };
type FromChild =
  | { readonly kind: 'ready' }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly message: string };

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

const STOP_WITHIN_MS = 10_000;

/** `nodeFlags` are those of Node itself: `--expose-gc`, `--max-old-space-size=512`. Its output is this process's. */
export async function startChild<C extends Calls<C>>(
  script: URL,
  options: { readonly nodeFlags?: readonly string[] } = {},
): Promise<Child<C>> {
  const name = fileURLToPath(script);
  const child = fork(name, [], {
    serialization: 'advanced',
    execArgv: [...(options.nodeFlags ?? [])],
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  const waiting = new Map<number, Waiting>();
  const ready = Promise.withResolvers<void>();
  child.on('message', (message: FromChild) => {
    if (message.kind === 'ready') return ready.resolve();
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.kind === 'result') call?.resolve(message.value);
    else call?.reject(new Error(`${name}: ${message.message}`));
  });
  child.once('error', (error) => ready.reject(error)); // it could not be started
  const exited = Promise.withResolvers<void>();
  child.once('exit', (code, signal) => {
    exited.resolve();
    const error = new Error(`${name} ended (${signal ?? code})`);
    ready.reject(error);
    for (const call of waiting.values()) call.reject(error);
    waiting.clear();
  });
  await ready.promise;
  return childOf<C>(child, exited.promise, waiting);
}

function childOf<C extends Calls<C>>(
  child: ChildProcess,
  exited: Promise<void>,
  waiting: Map<number, Waiting>,
): Child<C> {
  let lastId = 0;
  const send = (message: ToChild): boolean => child.connected && child.send(message);
  return {
    pid: child.pid ?? 0,
    call: (name, ...[input]) =>
      new Promise((resolve, reject) => {
        const id = ++lastId;
        waiting.set(id, { resolve: (value) => resolve(value as never), reject });
        if (!child.connected) {
          waiting.delete(id);
          reject(new Error(`${name}: the process is gone`));
        } else send({ kind: 'call', id, name, input });
      }),
    async stop() {
      send({ kind: 'stop' });
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      await exited;
      clearTimeout(timer);
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** In the child's script, once. `onStop` closes what would keep the process alive; the process ends behind it. */
export function serveParent<C extends Calls<C>>(calls: C, onStop: () => unknown = () => undefined): void {
  let isStopping = false;
  const stop = async (): Promise<void> => {
    isStopping = true;
    await onStop();
    process.disconnect();
  };
  process.on('message', (message: ToChild) => {
    void (message.kind === 'stop' ? stop() : answer(calls, message));
  });
  process.on('disconnect', () => {
    if (!isStopping) process.kill(process.pid, 'SIGKILL'); // the parent is gone
  });
  tellParent({ kind: 'ready' });
}

async function answer(calls: object, { id, name, input }: Extract<ToChild, { kind: 'call' }>): Promise<void> {
  try {
    const call = new Map<string, (input: unknown) => unknown>(Object.entries(calls)).get(name);
    if (call === undefined) throw new Error(`there is no call ${name}`);
    tellParent({ kind: 'result', id, value: await call(input) });
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    tellParent({ kind: 'error', id, message });
  }
}

function tellParent(message: FromChild): void {
  process.send?.(message);
}
