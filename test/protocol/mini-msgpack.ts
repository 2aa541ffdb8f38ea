/**
 * A second reader of msgpack, written from its specification alone, so that the vectors do not only prove that one
 * library agrees with itself. Knows what frames may contain and nothing more.
 */
export function readMsgpack(bytes: Uint8Array): unknown {
  const reader = { view: Buffer.from(bytes), at: 0 };
  const value = read(reader);
  if (reader.at !== bytes.length) throw new Error('bytes are left over');
  return value;
}

interface Reader {
  readonly view: Buffer;
  at: number;
}

function take(reader: Reader, size: number): Buffer {
  const part = reader.view.subarray(reader.at, reader.at + size);
  if (part.length !== size) throw new Error('cut short');
  reader.at += size;
  return part;
}

function uint(reader: Reader, size: number): number {
  const value = BigInt(`0x${take(reader, size).toString('hex')}`);
  return Number(value);
}

function read(reader: Reader): unknown {
  const format = uint(reader, 1);
  if (format <= 0x7f) return format;
  if (format <= 0x8f) return map(reader, format & 0x0f);
  if (format <= 0x9f) return array(reader, format & 0x0f);
  if (format <= 0xbf) return take(reader, format & 0x1f).toString('utf8');
  if (format >= 0xe0) return format - 256;
  switch (format) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return Uint8Array.from(take(reader, uint(reader, 2 ** (format - 0xc4))));
    case 0xca:
      return take(reader, 4).readFloatBE();
    case 0xcb:
      return take(reader, 8).readDoubleBE();
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
      return uint(reader, 2 ** (format - 0xcc));
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
      return signed(take(reader, 2 ** (format - 0xd0)));
    case 0xd9:
    case 0xda:
    case 0xdb:
      return take(reader, uint(reader, 2 ** (format - 0xd9))).toString('utf8');
    case 0xdc:
    case 0xdd:
      return array(reader, uint(reader, format === 0xdc ? 2 : 4));
    case 0xde:
    case 0xdf:
      return map(reader, uint(reader, format === 0xde ? 2 : 4));
    default:
      throw new Error(`format ${format.toString(16)} is not used in frames`);
  }
}

function signed(bytes: Buffer): number {
  return Number(BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString('hex')}`)));
}

function array(reader: Reader, count: number): unknown[] {
  return Array.from({ length: count }, () => read(reader));
}

function map(reader: Reader, count: number): Record<string, unknown> {
  return Object.fromEntries(Array.from({ length: count }, () => [String(read(reader)), read(reader)]));
}
