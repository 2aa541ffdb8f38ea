/** libsecp256k1 behind the Signatures port: about 40 microseconds to sign or verify. */
import secp256k1 from 'secp256k1';
import type { Signatures } from '../ports/signatures.ts';

export const nativeSignatures: Signatures = {
  sign: (hash, privateKey) => secp256k1.ecdsaSign(hash, privateKey).signature,
  verify(hash, signature, publicKey) {
    try {
      return secp256k1.ecdsaVerify(signature, hash, publicKey); // refuses a high S by itself
    } catch {
      return false; // wrong lengths, or no point of the curve
    }
  },
  publicKey: (privateKey) => secp256k1.publicKeyCreate(privateKey),
};
