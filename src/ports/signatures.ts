/** secp256k1 as the engine uses it: native on the server, JavaScript in the browser. */
export interface Signatures {
  /** r || s, 64 bytes, low S, deterministic (RFC 6979). */
  sign(hash: Uint8Array, privateKey: Uint8Array): Uint8Array;
  /** False for anything malformed or with a high S; never throws. */
  verify(hash: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean;
  /** Compressed, 33 bytes. */
  publicKey(privateKey: Uint8Array): Uint8Array;
}
