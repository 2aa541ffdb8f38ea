/** Unpredictable bytes: keys, nonces, stream ids. The simulator replaces it by a seeded one. */
export interface Random {
  bytes(count: number): Uint8Array;
}
