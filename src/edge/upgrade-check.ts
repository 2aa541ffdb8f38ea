/** What decides whether an HTTP request becomes a connection, before anything is kept for it. */
import { SUBPROTOCOL } from '../protocol/messages.ts';

export interface UpgradeRequest {
  readonly host: string;
  /** Empty: not a browser. */
  readonly origin: string;
  /** Sec-WebSocket-Protocol. */
  readonly protocols: string;
  readonly connection: string;
  readonly upgrade: string;
  /** Sec-WebSocket-Version. */
  readonly version: string;
}

/** Its answer names the version that is understood (section 4.4). */
export const UPGRADE_REQUIRED = '426 Upgrade Required';

export type UpgradeVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly status: string; readonly body: string };

export function checkUpgrade(request: UpgradeRequest, allowedOrigins: readonly string[]): UpgradeVerdict {
  if (!isHandshake(request)) return { ok: false, status: UPGRADE_REQUIRED, body: 'This is a WebSocket.' };
  const offered = request.protocols.split(',').map((name) => name.trim());
  if (!offered.includes(SUBPROTOCOL)) {
    const body = `The subprotocol has to be ${SUBPROTOCOL}.`;
    return { ok: false, status: '400 Bad Request', body };
  }
  if (!isAllowedOrigin(request, allowedOrigins)) {
    return { ok: false, status: '403 Forbidden', body: 'Pages of this origin may not connect here.' };
  }
  return { ok: true };
}

/** What RFC 6455 section 4.2.1 asks of a handshake and the library does not look at; method and key it does. */
function isHandshake({ connection, upgrade, version }: UpgradeRequest): boolean {
  const wishes = connection.split(',').map((token) => token.trim().toLowerCase());
  return (
    wishes.includes('upgrade') && upgrade.trim().toLowerCase() === 'websocket' && version.trim() === '13'
  );
}

/** A browser always says where a page is from; whoever is not a browser could say anything. */
function isAllowedOrigin(request: UpgradeRequest, allowed: readonly string[]): boolean {
  const { origin, host } = request;
  if (origin === '' || allowed.includes('*') || allowed.includes(origin)) return true;
  if (allowed.length > 0 || !URL.canParse(origin) || !URL.canParse(`http://${host}`)) return false;
  return new URL(origin).hostname === new URL(`http://${host}`).hostname;
}
