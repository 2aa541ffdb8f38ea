/** Whom a connection is counted for: an IPv4 address, or the /64 network of an IPv6 one, which one site owns. */
import { isIPv4, isIPv6 } from 'node:net';

/** `bytes` as uWebSockets.js gives them: 4 or 16 of them. */
export function addressKeyOfBytes(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  return keyOfGroups(groups);
}

/** The last entry of X-Forwarded-For, which the proxy next to the edge has written; undefined when it is no address. */
export function addressKeyOfForwarded(header: string): string | undefined {
  const text = header.slice(header.lastIndexOf(',') + 1).trim();
  if (isIPv4(text)) return text;
  return isIPv6(text) ? keyOfGroups(groupsOf(text)) : undefined;
}

function keyOfGroups(groups: readonly number[]): string {
  const [, , , , , mark, high = 0, low = 0] = groups;
  const isMapped = mark === 0xffff && groups.slice(0, 5).every((group) => group === 0);
  if (isMapped) return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** Eight groups of a valid IPv6 text: zone dropped, `::` filled up, a dotted tail turned into two groups. */
function groupsOf(text: string): number[] {
  const [head = '', tail] = withoutDots(text.split('%')[0] ?? '').split('::');
  const left = hexGroups(head);
  if (tail === undefined) return left;
  const right = hexGroups(tail);
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
}

function withoutDots(text: string): string {
  const at = text.lastIndexOf(':') + 1;
  const [a = 0, b = 0, c = 0, d] = text.slice(at).split('.').map(Number);
  if (d === undefined) return text;
  return `${text.slice(0, at)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

function hexGroups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
