/**
 * WebSocket close codes. The range tells a client what to do without knowing the code:
 *   4000-4099  reconnect at once (with jitter) and resume
 *   4100-4199  reconnect after a back-off of at least five seconds
 *   4200-4299  do not reconnect: the same would happen again
 * A close without one of these (1001, 1006 ...) is a lost connection: reconnect with back-off.
 */
export const CLOSE = {
  RESTARTING: 4000,
  SLOW_READER: 4001,
  OVERLOADED: 4100,
  TOO_MANY_CONNECTIONS: 4101,
  PROTOCOL_ERROR: 4200,
  AUTH_FAILED: 4201,
  AUTH_TIMEOUT: 4202,
  BAD_WORDS: 4203,
} as const;

export type CloseCode = (typeof CLOSE)[keyof typeof CLOSE];

export type ReconnectAdvice = 'now' | 'later' | 'never';

export function reconnectAdvice(closeCode: number): ReconnectAdvice {
  if (closeCode >= 4000 && closeCode < 4100) return 'now';
  if (closeCode >= 4200 && closeCode < 4300) return 'never';
  return 'later';
}
