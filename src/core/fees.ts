/** What a miner fee may be: enough for the rate, and no more than signatures of varying size explain. */

/** A signature's DER form can be this much shorter than its bound: low S saves a byte, a small r or s a few more. */
const SIGNATURE_BYTES_SPARE = 8;

export function feeSatsFor(rawBytes: number, feeSatsPerKb: number): number {
  return Math.ceil((rawBytes * feeSatsPerKb) / 1000);
}

/** What a fee must be between, once the transaction is signed and its size known. */
export function feeBounds(
  rawBytes: number,
  inputs: number,
  feeSatsPerKb: number,
): { readonly minSats: number; readonly maxSats: number } {
  return {
    minSats: feeSatsFor(rawBytes, feeSatsPerKb),
    maxSats: feeSatsFor(rawBytes + inputs * SIGNATURE_BYTES_SPARE, feeSatsPerKb),
  };
}
