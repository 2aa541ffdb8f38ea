/** Small disks in memory, where this machine allows to mount them (Linux, root). */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Disk {
  readonly path: string;
  remount(mode: 'ro' | 'rw'): void;
  remove(): void;
}

export function mountsAllowed(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    mountMemory(1).remove();
    return true;
  } catch {
    return false;
  }
}

export function mountMemory(megabytes: number): Disk {
  const path = mkdtempSync(join(tmpdir(), 'ringside-disk-'));
  try {
    run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', path);
  } catch (error) {
    rmSync(path, { recursive: true, force: true });
    throw error;
  }
  return {
    path,
    remount: (mode) => run('mount', '-o', `remount,${mode}`, path),
    remove() {
      run('umount', path);
      rmSync(path, { recursive: true, force: true });
    },
  };
}

function run(command: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} failed: ${stderr}`);
}
