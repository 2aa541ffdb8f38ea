/**
 * What a viewer has to remember across a reload: its key, and for each round the secrets and the progress of its
 * stream. `saveStream` is called before the words it speaks of are sent, so memory is never behind the wire; being
 * ahead is harmless, because words are cumulative: the next one proves those that were never sent.
 */
import { tryFromHex, toHex } from '../core/bytes.ts';
import { type RoundId, type StreamId, isRoundId, isStreamId } from '../core/ids.ts';

export interface ChainSecret {
  readonly unitSats: number;
  readonly length: number;
  /** 32 bytes: the last word of the chain, from which all others follow. */
  readonly seed: Uint8Array;
}

/** A gift that is not known to be durable. */
export interface PendingGift {
  readonly target: number;
  readonly sats: number;
  /** Index by chain before and after the gift, from when it was first sent on; null while it waits for its turn. */
  span: { readonly from: readonly number[]; readonly to: readonly number[] } | null;
}

/** One object per stream, changed in place by its PayingStream. */
export interface StreamRecord {
  readonly roundId: RoundId;
  readonly streamId: StreamId;
  readonly chains: readonly ChainSecret[];
  holdSats: number;
  /** Paid by this viewer's earlier streams of the round. */
  readonly earlierSats: number;
  /** Highest index by chain that has been put into a message. */
  revealed: number[];
  /** Whom the viewer watches; null: nobody. A reload goes on with it. */
  watching: number | null;
  /** Oldest first. */
  gifts: PendingGift[];
}

/** Synchronous, so that "saved, then sent" is one step. Throws when the platform refuses to store. */
export interface ClientStorage {
  loadKey(): Uint8Array | null;
  saveKey(privateKey: Uint8Array): void;
  loadStream(roundId: RoundId): StreamRecord | null;
  saveStream(record: StreamRecord): void;
  dropStream(roundId: RoundId): void;
}

/** For programs that end with their streams. Keeps the record itself, so saving costs nothing. */
export function memoryStorage(): ClientStorage {
  let key: Uint8Array | null = null;
  const streams = new Map<RoundId, StreamRecord>();
  return {
    loadKey: () => key,
    saveKey(privateKey) {
      key = privateKey;
    },
    loadStream: (roundId) => streams.get(roundId) ?? null,
    saveStream(record) {
      streams.set(record.roundId, record);
    },
    dropStream(roundId) {
      streams.delete(roundId);
    },
  };
}

/** What is used of the browser's `localStorage`. */
export interface KeyValues {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

const STREAMS_KEPT = 16;

/**
 * @param prefix keeps networks and origins apart, for example `ringside:dev:`
 * Anything unreadable counts as absent: the viewer starts anew instead of failing.
 */
export function keyValueStorage(values: KeyValues, prefix: string): ClientStorage {
  const keyName = `${prefix}key`;
  const listName = `${prefix}streams`;
  const streamName = (roundId: string): string => `${prefix}stream:${roundId}`;

  const list = (): string[] => {
    const parsed = parseJson(values.getItem(listName));
    return Array.isArray(parsed) ? parsed.filter((entry) => typeof entry === 'string') : [];
  };

  return {
    loadKey() {
      const key = tryFromHex(values.getItem(keyName) ?? '');
      return key?.length === 32 ? key : null;
    },
    saveKey(privateKey) {
      values.setItem(keyName, toHex(privateKey));
    },
    loadStream(roundId) {
      const record = readRecord(parseJson(values.getItem(streamName(roundId))));
      return record?.roundId === roundId ? record : null;
    },
    saveStream(record) {
      const known = list();
      if (!known.includes(record.roundId)) {
        const kept = [...known, record.roundId];
        for (const old of kept.splice(0, Math.max(0, kept.length - STREAMS_KEPT))) {
          values.removeItem(streamName(old));
        }
        values.setItem(listName, JSON.stringify(kept));
      }
      values.setItem(streamName(record.roundId), JSON.stringify(plainRecord(record)));
    },
    dropStream(roundId) {
      values.setItem(listName, JSON.stringify(list().filter((entry) => entry !== roundId)));
      values.removeItem(streamName(roundId));
    },
  };
}

function plainRecord(record: StreamRecord): object {
  return {
    ...record,
    chains: record.chains.map((chain) => ({ ...chain, seed: toHex(chain.seed) })),
  };
}

function parseJson(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null; // damaged by hand or by a full disk: the same as absent
  }
}

function readRecord(value: unknown): StreamRecord | null {
  if (!isObject(value)) return null;
  const { roundId, streamId, chains, holdSats, earlierSats, revealed, watching, gifts } = value;
  if (!isRoundId(roundId) || !isStreamId(streamId) || !isCount(holdSats)) return null;
  if (!isCount(earlierSats)) return null;
  if (!Array.isArray(chains) || !isCounts(revealed) || revealed.length !== chains.length) return null;
  if (!Array.isArray(gifts) || (watching !== null && !isCount(watching))) return null;
  const readChains: ChainSecret[] = [];
  for (const chain of chains as unknown[]) {
    if (!isObject(chain) || !isCount(chain['unitSats']) || !isCount(chain['length'])) return null;
    const seed = typeof chain['seed'] === 'string' ? tryFromHex(chain['seed']) : undefined;
    if (seed?.length !== 32) return null;
    readChains.push({ unitSats: chain['unitSats'], length: chain['length'], seed });
  }
  const readGifts: PendingGift[] = [];
  for (const gift of gifts as unknown[]) {
    if (!isObject(gift) || !isCount(gift['target']) || !isCount(gift['sats'])) return null;
    const span = gift['span'];
    if (span === null) {
      readGifts.push({ target: gift['target'], sats: gift['sats'], span: null });
      continue;
    }
    if (!isObject(span) || !isCounts(span['from']) || !isCounts(span['to'])) return null;
    if (span['from'].length !== chains.length || span['to'].length !== chains.length) return null;
    readGifts.push({
      target: gift['target'],
      sats: gift['sats'],
      span: { from: span['from'], to: span['to'] },
    });
  }
  return {
    roundId,
    streamId,
    chains: readChains,
    holdSats,
    earlierSats,
    revealed: [...revealed],
    watching,
    gifts: readGifts,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isCount);
}
