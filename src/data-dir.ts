/**
 * The data directory: made on first use, readable by its owner only, and used by one engine at a time. Two
 * engines on one store would fence each other's rounds without end, so the second is refused by name.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EngineError } from './core/errors.ts';

export interface DataDir {
  readonly path: string;
  /** A path inside. */
  file(name: string): string;
  /** Lets another engine in. */
  release(): void;
}

/** @throws {EngineError} UNAVAILABLE when it cannot be written or another engine is using it. */
export function openDataDir(dataDir: string): DataDir {
  const path = resolve(dataDir);
  const lock = join(path, 'engine.lock');
  try {
    makeFolders(path);
    claim(lock);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError('UNAVAILABLE', {
      message: `cannot use the data directory ${path}: ${reason(error)}. Let this user write there, or choose one where it can (--data-dir)`,
      cause: error,
    });
  }
  return { path, file: (name) => join(path, name), release: () => rmSync(lock, { force: true }) };
}

/** With its parents. Not by Node's `recursive`: it tries forever where ENOENT is about a parent that exists (/proc). */
function makeFolders(path: string): void {
  if (existsSync(path)) return;
  makeFolders(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/**
 * What a first start makes and every later one needs, in the order in which they are made. Without one of them the engine
 * would make it anew and go on: with books that know of no deposit, or a treasury that cannot spend its coins.
 */
const PARTS = ['store/data.mdb', 'chain/data.mdb', 'platform-key', 'treasury-key'] as const;

/**
 * A part that is missing while a later one is there was lost, and so was any when the directory is known to be `complete`.
 * @throws {EngineError} UNAVAILABLE, with what to do.
 */
export function refuseMissingParts(dir: DataDir, known: { readonly complete: boolean }): void {
  const there = PARTS.map((part) => existsSync(dir.file(part)));
  const last = known.complete ? PARTS.length : there.lastIndexOf(true);
  const missing = PARTS.find((_, at) => at < last && there[at] === false);
  if (missing === undefined) return;
  throw new EngineError('UNAVAILABLE', {
    message:
      `${dir.file(missing)} is missing, but other parts of the data directory are there. Nothing was changed. Find it and ` +
      'put it back, or put back the last good copy of the whole directory. To start anew, choose an empty directory.',
  });
}

/** The token in `admin-token`, made on first use. An empty file is of an engine that was killed while it wrote. */
export function readOrMakeAdminToken(dir: DataDir): string {
  const file = dir.file('admin-token');
  const known = contentOf(file)?.trim() ?? '';
  if (known !== '') return known;
  const token = randomBytes(24).toString('base64url');
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  return token;
}

/**
 * Makes the lock this process's, complete or not at all. Many engines may find the lock of one that was killed at
 * the same moment, so the right to take over from it is a lock too: whoever has it sees that the dead one is still
 * named, and puts itself in its place in one step.
 */
function claim(lock: string): void {
  const mine = `${lock}.${randomBytes(6).toString('hex')}`;
  writeFileSync(mine, `${process.pid} ${startTime(process.pid) ?? '-'}\n`, { flag: 'wx', mode: 0o600 });
  try {
    while (!linked(mine, lock)) {
      const holder = contentOf(lock);
      if (holder === undefined) continue; // let go of just now
      const [pid = '', started = ''] = holder.trim().split(' ');
      if (isRunning(Number(pid), started)) {
        throw new EngineError('UNAVAILABLE', {
          message: `another engine (process ${pid}) is using this data directory; stop it, or choose another directory (--data-dir). Lock file: ${lock}`,
        });
      }
      const right = `${lock}.after-${pid}-${started}`;
      claim(right);
      try {
        if (contentOf(lock) !== holder) continue;
        renameSync(mine, lock);
        return;
      } finally {
        rmSync(right);
      }
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/** False when there is a file of that name. */
function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return false;
  }
}

/** Undefined when there is no such file. */
function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return undefined;
  }
}

/** A process id alone may have been given to another process since; with its start time it is unique. */
function isRunning(pid: number, started: string): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  const now = startTime(pid);
  if (now !== undefined) return now === started;
  if (started !== '-') return false;
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** In ticks since boot, where the platform tells (field 22 of Linux's /proc/PID/stat). */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined; // no such process, or no /proc
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
