/** What a command reads: a file or standard input. */
import { readFile } from 'node:fs/promises';
import { CliError } from './terminal.ts';

/** A file, or standard input for `-`. @throws {CliError} when it cannot be read. */
export async function readInput(path: string): Promise<Buffer> {
  if (path === '-') {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array));
    return Buffer.concat(chunks);
  }
  try {
    return await readFile(path);
  } catch (error) {
    throw new CliError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
