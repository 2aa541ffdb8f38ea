/** How many connections this machine lets a load test have, found out before it begins. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { LoadOptions } from '../options.ts';

/** Open files that a process of Node, and those of an engine besides its viewers (store, API, threads), need. */
const FILES_KEPT = 200;
/** One process drives so many viewers without being the bottleneck, and more of them than cores do not pay off. */
const VIEWERS_PER_PROCESS = 8_000;
/** From so many on the probes have a process of their own, as always when several are asked for. */
const VIEWERS_WITH_PROBES_APART = 500;

export interface ConnectionsPossible {
  /** With the processes asked for. */
  readonly possible: number;
  /** Of the generator, as asked for or as found. */
  readonly processes: number;
  /** What limits it, and how to get more; for people. */
  readonly advice: string;
}

/** Child processes, the engine among them, get the limits of this one. */
export function connectionsPossible(
  options: Pick<LoadOptions, 'viewers' | 'processes' | 'url'>,
): ConnectionsPossible {
  const files = openFilesMax();
  const perProcess = Math.max(1, files - FILES_KEPT);
  const processes = options.processes > 0 ? options.processes : processesFor(options.viewers, perProcess);
  const generator = perProcess * Math.max(1, processes - 1);
  const engine = options.url === null ? perProcess : Number.POSITIVE_INFINITY;
  const ports = localPorts();
  const possible = Math.min(generator, engine, ports);
  return { possible, processes, advice: adviceFor() };

  function adviceFor(): string {
    if (possible === ports) {
      return `${ports} local ports lead to one address: widen net.ipv4.ip_local_port_range for more.`;
    }
    const raise = 'raise it with "ulimit -n" before starting';
    if (possible === generator) {
      return `A process may have ${files} open files, so ${processes} of the generator hold ${generator} connections: take more with --processes, or ${raise}.`;
    }
    return `A process may have ${files} open files, and the engine is one process: ${raise}, or start an engine with a higher limit and name it with --url.`;
  }
}

function processesFor(viewers: number, perProcess: number): number {
  const forLoad = Math.min(availableParallelism(), Math.ceil(viewers / VIEWERS_PER_PROCESS));
  const drivers = Math.max(1, forLoad, Math.ceil(viewers / perProcess));
  return viewers < VIEWERS_WITH_PROBES_APART ? 1 : drivers + 1;
}

/** Soft limit; Node has raised it to the hard one when it started. */
function openFilesMax(): number {
  const [, soft] = /^Max open files\s+(\S+)/m.exec(read('/proc/self/limits')) ?? [];
  return soft === undefined || soft === 'unlimited' ? 1_048_576 : Number(soft);
}

function localPorts(): number {
  const [low = 32_768, high = 60_999] = read('/proc/sys/net/ipv4/ip_local_port_range')
    .split(/\s+/)
    .map(Number);
  return high - low + 1;
}

/** Empty where there is no such file: no Linux. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
