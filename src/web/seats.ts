/** Colours go by the place in the list of participants; there are eight, then they repeat. */
const SEATS = 8;

export function seatOf(index: number): number {
  return index % SEATS;
}
