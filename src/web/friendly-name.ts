/** A name for somebody who has not given one: two words that follow from the account, the same on every visit. */
import type { AccountId } from '../core/ids.ts';

const FIRST =
  'Amber Bold Brisk Calm Clever Coral Dusky Early Fair Fleet Gentle Golden Hazel Ivory Jolly Keen Lively Lucky Mellow Merry Misty Noble Olive Proud Quick Quiet Rosy Silver Sunny Swift Velvet Witty'.split(
    ' ',
  );
const SECOND =
  'Badger Bear Bison Crane Dove Falcon Finch Fox Gecko Hare Heron Ibex Jay Kestrel Lark Lynx Marten Moth Newt Otter Owl Panda Puffin Raven Robin Seal Stork Swan Tern Tiger Wolf Wren'.split(
    ' ',
  );

export function friendlyName(account: AccountId): string {
  const byte = (at: number): number => Number.parseInt(account.slice(2 * at, 2 * at + 2), 16);
  return `${FIRST[byte(0) % FIRST.length]} ${SECOND[byte(1) % SECOND.length]}`;
}
