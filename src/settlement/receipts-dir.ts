/** Published receipts as files: `<round id>.json`, each complete or not there, also after a crash. */
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { RoundId } from '../core/ids.ts';

export function receiptPath(directory: string, roundId: RoundId): string {
  return join(directory, `${roundId}.json`);
}

/** Replaces the file. One write per round at a time. */
export async function publishReceipt(directory: string, roundId: RoundId, bytes: Uint8Array): Promise<void> {
  await mkdir(directory, { recursive: true });
  const path = receiptPath(directory, roundId);
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
