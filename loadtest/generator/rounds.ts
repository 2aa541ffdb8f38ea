/** The operator's side of a load test, over the HTTP API: rounds for the load, and what came of them. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Api, type ApiAnswer } from '../../src/client/api.ts';
import { CliError } from '../../src/cli/terminal.ts';
import type { RoundId } from '../../src/core/ids.ts';
import type { LoadOptions } from '../options.ts';
import { newPerson } from '../wire/person.ts';
import { rateSatsPerSecond } from './guests.ts';
import { monotonicMs } from './monotonic.ts';

const AT_ONCE = 8;
const ASK_EVERY_MS = 250;
const RETRIES_MAX = 20;

/** After full load, for the last acknowledgements. */
export const DRAIN_SECONDS = 3;
/** After full load, as planned, rounds end. */
export const ROUNDS_END_AFTER_MS: number = (DRAIN_SECONDS + 1) * 1_000;
const CLOSING_SECONDS = 1;

export class Rounds {
  readonly #api: Api;
  readonly #options: LoadOptions;
  readonly #run: string = randomBytes(4).toString('hex');
  readonly ids: RoundId[] = [];

  constructor(api: { readonly apiUrl: string; readonly adminToken: string }, options: LoadOptions) {
    this.#api = new Api({ baseUrl: api.apiUrl, adminToken: api.adminToken });
    this.#options = options;
  }

  async wsUrl(): Promise<string> {
    const { wsUrl } = await insist('the address of the edge', () => this.#api.config());
    return wsUrl;
  }

  /** They start, within the second before it, so that all of them run at that time; streams can be opened at once. */
  async create(startsAtMs: number): Promise<void> {
    const { rounds, seconds, participants, rate } = this.#options;
    await inLanes(rounds, async (no) => {
      const id = `load-${this.#run}-${no + 1}` as RoundId;
      this.ids[no] = id;
      const body = {
        id,
        title: `Load test, round ${no + 1}`,
        participants: Array.from({ length: participants }, (_, index) => ({
          name: `Participant ${index + 1}`,
          account: newPerson().account,
        })),
        startsInSeconds: Math.max(0, Math.floor((startsAtMs - monotonicMs()) / 1_000)),
        durationSeconds: Math.ceil(seconds) + ROUNDS_END_AFTER_MS / 1_000,
        rateSatsPerSecond: rateSatsPerSecond({ rate }),
        closingSeconds: CLOSING_SECONDS,
        overtime: null,
      };
      await insist('a round', () => this.#api.createRound(body, `load-${id}`));
    });
  }

  /** The receipts of all rounds once they are settled; a round that is not in time has none. */
  async receipts(withinMs: number, gone: AbortSignal): Promise<ReadonlyMap<string, Uint8Array>> {
    const deadlineMs = monotonicMs() + withinMs;
    const receipts = new Map<string, Uint8Array>();
    await inLanes(this.ids.length, async (no) => {
      const roundId = this.ids[no] as RoundId;
      while (monotonicMs() < deadlineMs && !gone.aborted) {
        const answer = await this.#api.round(roundId);
        if (answer.ok && answer.data.phase === 'settled') {
          receipts.set(roundId, await insist('a receipt', () => this.#api.receipt(roundId)));
          return;
        }
        await sleep(ASK_EVERY_MS);
      }
    });
    return receipts;
  }
}

async function inLanes(count: number, run: (no: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, lane));
}

async function insist<T>(what: string, ask: () => Promise<ApiAnswer<T>>): Promise<T> {
  for (let tries = 1; ; tries++) {
    const answer = await ask();
    if (answer.ok) return answer.data;
    const details = answer.details.map(({ field, message }) => `${field} ${message}`).join(', ');
    const passing = answer.code === 'UNAVAILABLE' || answer.code === 'RATE_LIMITED';
    if (!passing || tries > RETRIES_MAX)
      throw new CliError(`${what}: ${answer.code}: ${answer.message} ${details}`.trim());
    await sleep(ASK_EVERY_MS);
  }
}
