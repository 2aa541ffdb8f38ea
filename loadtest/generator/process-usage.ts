/** CPU and memory of another process of this machine, from /proc. */
import { readFileSync } from 'node:fs';

export interface ProcessUsage {
  /** Of all its threads, since it began. */
  readonly cpuMs: number;
  /** Resident. */
  readonly bytes: number;
}

/** USER_HZ: 100 on every Linux that Node runs on. */
const TICK_MS = 10;

/** Null: it is gone, or this is no Linux. */
export function processUsage(pid: number): ProcessUsage | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name may have spaces and brackets; after its last one the third field of proc(5) begins.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const [, resident = '0'] = /^VmRSS:\s+(\d+) kB/m.exec(status) ?? [];
    const [user = 0, system = 0] = fields.slice(11, 13).map(Number);
    return { cpuMs: (user + system) * TICK_MS, bytes: Number(resident) * 1_024 };
  } catch {
    return null;
  }
}
