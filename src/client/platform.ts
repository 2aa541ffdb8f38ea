/**
 * What the client needs from where it runs, with defaults that work in browsers and in Node 22. A Node program passes
 * native hashing and signatures (`src/platform`) over them; tests pass a manual clock.
 */
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import type { Sha256 } from '../core/bytes.ts';
import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import type { Signatures } from '../ports/signatures.ts';
import { type OpenSocket, openWebSocket } from './socket.ts';

export interface ClientPlatform {
  readonly clock: Clock;
  readonly random: Random;
  readonly sha256: Sha256;
  readonly signatures: Signatures;
  readonly openSocket: OpenSocket;
}

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  every(intervalMs, run) {
    const timer = setInterval(run, intervalMs);
    return { cancel: () => clearInterval(timer) };
  },
};

const random: Random = {
  bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
};

/** The hashes are made by the callers, so nothing here hashes again (`prehash: false`). */
const signatures: Signatures = {
  sign: (hash, privateKey) => secp256k1.sign(hash, privateKey, { prehash: false, lowS: true }),
  verify(hash, signature, publicKey) {
    try {
      return secp256k1.verify(signature, hash, publicKey, { prehash: false, lowS: true });
    } catch {
      return false; // wrong lengths, or no point of the curve
    }
  },
  publicKey: (privateKey) => secp256k1.getPublicKey(privateKey, true),
};

export const defaultPlatform: ClientPlatform = {
  clock,
  random,
  sha256: nobleSha256,
  signatures,
  openSocket: openWebSocket,
};
