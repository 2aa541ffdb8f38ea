/**
 * The treasury's private key: 32 bytes as hex in a file that only its owner can read. Made once, never
 * overwritten. Losing it loses the treasury's coins.
 */
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { accountOfPublicKey } from '../core/account-key.ts';
import { toHex, tryFromHex } from '../core/bytes.ts';
import { EngineError } from '../core/errors.ts';
import type { AccountId } from '../core/ids.ts';
import { ripemd160, sha256 } from '../platform/hash.ts';
import { nativeSignatures } from '../platform/signatures.ts';
import type { Random } from '../ports/random.ts';

export interface TreasuryKey {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly account: AccountId;
}

/**
 * The key in the file, made when there is none.
 * @throws {EngineError} INTERNAL when the file can be read by others or does not hold a key.
 */
export async function loadOrCreateTreasuryKey(path: string, random: Random): Promise<TreasuryKey> {
  const existing = await readKey(path);
  if (existing !== undefined) return existing;
  await writeKey(path, random.bytes(32));
  const made = await readKey(path);
  if (made === undefined) throw new EngineError('INTERNAL', { message: `${path} vanished` });
  return made;
}

export function treasuryKeyOf(privateKey: Uint8Array): TreasuryKey {
  const publicKey = nativeSignatures.publicKey(privateKey);
  return { privateKey, publicKey, account: accountOfPublicKey(publicKey, { sha256, ripemd160 }) };
}

async function readKey(path: string): Promise<TreasuryKey | undefined> {
  let text: string;
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) {
      throw new EngineError('INTERNAL', { message: `${path} can be read by others: chmod 600 it` });
    }
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const privateKey = tryFromHex(text.trimEnd());
  if (privateKey?.length !== 32) {
    throw new EngineError('INTERNAL', { message: `${path} does not hold a private key` });
  }
  return treasuryKeyOf(privateKey);
}

/** Complete or not at all, and never over a key that came in between. */
async function writeKey(path: string, privateKey: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${toHex(sha256(privateKey)).slice(0, 8)}`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(`${toHex(privateKey)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(temporary, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await unlink(temporary);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
