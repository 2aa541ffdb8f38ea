/** The admin token: where it comes from, and the comparison that gives nothing away by its duration. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toHex } from '../core/bytes.ts';
import type { Random } from '../ports/random.ts';

export const ADMIN_TOKEN_FILE = 'admin-token';

/** The token that a data directory holds, or undefined when there is none. */
export async function readAdminToken(dataDir: string): Promise<string | undefined> {
  try {
    const token = (await readFile(join(dataDir, ADMIN_TOKEN_FILE), 'utf8')).trim();
    return token === '' ? undefined : token;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * The configured token, else that of the data directory, else a new one which is written there for its owner only
 * (mode 0600), so that the command line finds it and it survives a restart.
 */
export async function ensureAdminToken(options: {
  readonly configured: string | null;
  readonly dataDir: string;
  readonly random: Random;
}): Promise<string> {
  if (options.configured !== null) return options.configured;
  const existing = await readAdminToken(options.dataDir);
  if (existing !== undefined) return existing;
  const token = toHex(options.random.bytes(24));
  await mkdir(options.dataDir, { recursive: true });
  await writeFile(join(options.dataDir, ADMIN_TOKEN_FILE), `${token}\n`, { mode: 0o600 });
  return token;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Answers whether an Authorization header carries the token. Digests are compared, so lengths do not matter. */
export function createAdminCheck(token: string): (authorization: string | undefined) => boolean {
  const expected = digest(token);
  return (authorization) => {
    const given = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(authorization ?? '')?.[1];
    return given !== undefined && timingSafeEqual(digest(given), expected);
  };
}
