/**
 * Who paid most. Found by one pass over the viewers when it is asked for, so that a payment need not keep a
 * list in order. Pure.
 */
import type { AccountId } from '../core/ids.ts';
import { type Sats, sats } from '../core/sats.ts';
import type { ViewerTable } from './viewer-table.ts';

export interface Supporter {
  readonly viewer: number;
  readonly account: AccountId;
  readonly paidSats: Sats;
}

/** At most `limit` accounts that paid something, highest first, ties by account. */
export function topSupporters(viewers: ViewerTable, limit: number): Supporter[] {
  const top: number[] = [];
  for (let viewer = 0; viewer < viewers.count; viewer++) {
    if (viewers.paidSats(viewer) === 0) continue;
    const last = top.at(-1);
    if (top.length === limit && last !== undefined && !isAhead(viewers, viewer, last)) continue;
    let at = top.length;
    while (at > 0 && isAhead(viewers, viewer, top[at - 1] as number)) at--;
    top.splice(at, 0, viewer);
    if (top.length > limit) top.pop();
  }
  return top.map((viewer) => ({
    viewer,
    account: viewers.account(viewer),
    paidSats: sats(viewers.paidSats(viewer)),
  }));
}

function isAhead(viewers: ViewerTable, a: number, b: number): boolean {
  const difference = viewers.paidSats(a) - viewers.paidSats(b);
  return difference === 0 ? viewers.account(a) < viewers.account(b) : difference > 0;
}
