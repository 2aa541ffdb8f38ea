/** Sizes of the transactions this project makes: P2PKH inputs, P2PKH and data outputs. */
import { varintBytes } from '../core/transaction.ts';

/** Outpoint 36, script length 1, pushes of a signature (at most 72) and a key (33) with a length each, sequence 4. */
const P2PKH_INPUT_BYTES = 36 + 1 + 1 + 72 + 1 + 33 + 4;
const P2PKH_OUTPUT_BYTES = 34;

export interface TxShape {
  readonly inputs: number;
  readonly p2pkhOutputs: number;
  readonly dataScriptBytes: number;
}

/** Upper bound of the raw size, exact but for the signatures. */
export function rawBytesMax(shape: TxShape): number {
  const data = 8 + varintBytes(shape.dataScriptBytes) + shape.dataScriptBytes;
  return (
    4 +
    varintBytes(shape.inputs) +
    shape.inputs * P2PKH_INPUT_BYTES +
    varintBytes(shape.p2pkhOutputs + 1) +
    data +
    shape.p2pkhOutputs * P2PKH_OUTPUT_BYTES +
    4
  );
}
