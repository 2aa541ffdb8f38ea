/** What checking a receipt needs, from OpenSSL and libsecp256k1. */
import { ripemd160, sha256 } from '../platform/hash.ts';
import { nativeSignatures } from '../platform/signatures.ts';
import type { VerifyTools } from '../settlement/checks/check.ts';

export const nodeVerifyTools: VerifyTools = {
  sha256,
  ripemd160,
  verifySignature: (hash, signature, publicKey) => nativeSignatures.verify(hash, signature, publicKey),
};
