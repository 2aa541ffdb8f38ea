/**
 * Whether a file's disk has room for a commit. LMDB has to be asked to write only when it has: lmdb 3.5.6 prints the error of
 * a write that finds no space into a buffer that can be a few bytes too short (`last_error` in its mdb.c), which now and
 * then ends the process a moment later.
 */
import { statfsSync } from 'node:fs';

/** More than a commit writes at once. */
const ROOM_BYTES_MIN = 4 * 1024 * 1024;

export function hasRoom(path: string): boolean {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize >= ROOM_BYTES_MIN;
}
