/** What decides whether an HTTP request becomes a connection, before anything is kept for it. */
import { SUBPROTOCOL } from '../protocol/messages.ts';

export interface UpgradeRequest {
  readonly host: string;
  /** Empty: not a browser. */
  readonly origin: string;
  /** Sec-WebSocket-Protocol. */
  readonly protocols: string;
}

export type UpgradeVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly status: string; readonly body: string };

export function checkUpgrade(request: UpgradeRequest, allowedOrigins: readonly string[]): UpgradeVerdict {
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

/** A browser always says where a page is from; whoever is not a browser could say anything. */
function isAllowedOrigin(request: UpgradeRequest, allowed: readonly string[]): boolean {
  const { origin, host } = request;
  if (origin === '' || allowed.includes('*') || allowed.includes(origin)) return true;
  if (allowed.length > 0 || !URL.canParse(origin) || !URL.canParse(`http://${host}`)) return false;
  return new URL(origin).hostname === new URL(`http://${host}`).hostname;
}
