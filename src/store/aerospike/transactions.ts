/**
 * Writes to several records that happen as one. The community edition makes a single record atomic and nothing
 * more, so a write goes through a record of its own, in `journal` under the entry's id:
 *
 *   1. The intent is stored, complete, with status 'p' (preparing) and the name of this attempt.
 *   2. Every record is prepared: what has to be there is checked and taken out, and the record is marked with
 *      the attempt. A refusal or a dead end: status 'a' (aborted), and the marks are taken back.
 *   3. One conditional write turns 'p' into 'c' (committed). This is when it happens.
 *   4. Every record is finished: what comes in is put in, and the mark is taken away. Then `done`.
 *
 * Whoever meets a mark looks up the status: committed means finish it for its author, aborted (or another
 * attempt's name) means undo the mark, preparing means wait; and when the author has not moved for `stalledMs`,
 * abort it. So nothing depends on anyone coming back. Attempts have names of their own so that a write of an
 * old attempt that arrives late marks a record for something that is decided: it is undone.
 *
 *   journal/<entry id>   st: p, c or a    at: attempt    in: intent, or ref: where it is    done: 1
 */
import { assert } from '../../core/assert.ts';
import { EngineError } from '../../core/errors.ts';
import { bytesOf, integerOf, pack, textOf, unpack } from './bins.ts';
import { blobIn, blobValue, freshId, readBlob, writeBlob } from './blobs.ts';
import { type Attempt, type Obstacle, type Steps, cleanUp, isMarkedBy, stepsOf } from './change-steps.ts';
import type { Intent } from './intent.ts';
import { addMember, indexes, membersOf, removeMember } from './indexes.ts';
import type { At, Bins, Op } from './mutation.ts';
import type { AerospikeOptions } from './options.ts';
import type { Records } from './records.ts';

/** Larger intents are stored as a blob. */
const INLINE_BYTES_MAX = 64 * 1024;
/** Records prepared or finished at a time; the author shows signs of life after each. */
const PORTION = 1_024;
const ATTEMPTS_MAX = 8;
const LOOK_AGAIN_MS = 20;

export type Decision = 'committed' | 'aborted' | 'preparing';

export type RefusalCode = Extract<Obstacle, { kind: 'refused' }>['code'];

export type Written =
  | { readonly kind: 'applied' }
  /** An entry with this id was written before. */
  | { readonly kind: 'replayed' }
  | { readonly kind: 'refused'; readonly code: RefusalCode };

type Ending =
  | { readonly kind: 'refused'; readonly code: RefusalCode }
  /** Somebody took this attempt for dead, or it does not know what it has prepared: with a new name, then. */
  | { readonly kind: 'spoilt' };

export class Transactions {
  readonly #records: Records;
  readonly #options: Pick<AerospikeOptions, 'stalledMs'>;
  /** Called for every account that was finished, with the bins that its change answers. */
  readonly #onAccount: (at: At, bins: Bins) => Promise<void>;

  constructor(
    records: Records,
    options: Pick<AerospikeOptions, 'stalledMs'>,
    onAccount: (at: At, bins: Bins) => Promise<void>,
  ) {
    this.#records = records;
    this.#options = options;
    this.#onAccount = onAccount;
  }

  /**
   * `check` runs when everything is prepared, before it is decided; false aborts.
   * @throws {EngineError} Not in doubt: it was not decided and will not be. In doubt: write it again.
   */
  async write(intent: Intent, check?: () => Promise<boolean>): Promise<Written> {
    const entryId = intent.entry.id;
    for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
      const by: Attempt = { entryId, attempt: freshId() };
      const isNew = await this.#begin(by, intent).catch((error: unknown) => {
        throw notDecided(error);
      });
      if (!isNew) return { kind: 'replayed' };
      const ending = await this.#run(by, intent, check);
      if (ending === 'committed') {
        await this.#finish(by, intent).catch((error: unknown) => {
          throw decidedNotDone(error);
        });
        return { kind: 'applied' };
      }
      if (ending.kind === 'refused') return ending;
    }
    throw new EngineError('STORE_FAILED', {
      message: `${entryId} failed again and again, and is not written.`,
    });
  }

  /** Whether an entry of this id is written; waits for one that is being decided. */
  async isWritten(entryId: string): Promise<boolean> {
    for (;;) {
      const bins = await this.#records.get(journalAt(entryId));
      const status = textOf(bins, 'st');
      if (status !== 'p') return status === 'c';
      await this.#settle({ entryId, attempt: textOf(bins, 'at') });
    }
  }

  async decisionOf(by: Attempt): Promise<Decision> {
    return decisionIn(await this.#records.get(journalAt(by.entryId)), by);
  }

  async intentOf(entryId: string): Promise<Intent> {
    return await this.#intentIn(await this.#records.get(journalAt(entryId)), entryId);
  }

  /** In the order of `entryIds`. */
  async intentsOf(entryIds: readonly string[]): Promise<readonly Intent[]> {
    const found = await this.#records.getMany(entryIds.map(journalAt), 64);
    return await Promise.all(found.map((bins, i) => this.#intentIn(bins, entryIds[i] as string)));
  }

  /**
   * Gets the mark of another attempt out of a record: finishes it, undoes it, or waits until it is decided,
   * which is at the latest when it has stood still for long enough.
   */
  async clear(at: At, by: Attempt): Promise<void> {
    const decision = await this.#settle(by);
    if (decision === 'committed') {
      await this.rollForward(by);
      return;
    }
    const bins = await this.#records.get(at);
    if (bins === undefined || !isMarkedBy(at, bins, by)) return;
    await this.#records.apply(cleanUp(at, bins, by), (now) => !isMarkedBy(at, now, by));
  }

  /** Finishes what was committed. Anyone may, any number of times, also at once. */
  async rollForward(by: Attempt): Promise<void> {
    await this.#finish(by, await this.intentOf(by.entryId));
  }

  /** Finishes and undoes what others left behind; what is being decided is left to them. */
  async recover(): Promise<number> {
    const open = await membersOf(this.#records, indexes.openTransactions);
    await Promise.all(
      open.map(async ([attempt, entryId]) => {
        assert(typeof entryId === 'string', 'an open write without an entry');
        const by: Attempt = { entryId, attempt };
        const decision = await this.#decideIfStalled(by);
        if (decision === 'committed') await this.rollForward(by);
        else if (decision === 'aborted') await this.#undo(by, undefined);
      }),
    );
    return open.length;
  }

  /** False when the entry is there already. Nothing is marked before it has begun, or with a name not begun. */
  async #begin(by: Attempt, intent: Intent): Promise<boolean> {
    const at = journalAt(by.entryId);
    const bytes = pack(intent);
    const ops: Op[] = [
      { op: 'put', bin: 'st', value: 'p' },
      { op: 'put', bin: 'at', value: by.attempt },
    ];
    if (bytes.length <= INLINE_BYTES_MAX) {
      ops.push({ op: 'put', bin: 'in', value: bytes }, { op: 'put', bin: 'ref', value: [] });
    } else {
      const ref = await writeBlob(this.#records, bytes);
      ops.push({ op: 'put', bin: 'ref', value: blobValue(ref) });
    }
    const isMine = (bins: Bins | undefined): boolean => textOf(bins, 'at') === by.attempt;
    const created = await this.#records.apply({ at, ops, existence: 'create' }, isMine);
    if (created.kind === 'applied') return true;
    for (;;) {
      const bins = await this.#records.get(at);
      const other: Attempt = { entryId: by.entryId, attempt: textOf(bins, 'at') };
      const decision = await this.#settle(other);
      if (decision === 'committed') {
        if (integerOf(await this.#records.get(at), 'done') === 0) await this.rollForward(other);
        return false;
      }
      const taken = await this.#records.apply(
        {
          at,
          ops,
          when: [
            { is: 'equal', bin: 'st', value: 'a' },
            { is: 'equal', bin: 'at', value: other.attempt },
          ],
          existence: 'update',
        },
        isMine,
      );
      if (taken.kind === 'applied') return true;
    }
  }

  async #run(
    by: Attempt,
    intent: Intent,
    check: (() => Promise<boolean>) | undefined,
  ): Promise<'committed' | Ending> {
    let ending: Ending | undefined;
    try {
      // Only now: whoever finds an attempt in the list that has not begun could not tell it from one that is over.
      await addMember(this.#records, indexes.openTransactions, by.attempt, by.entryId);
      ending = await this.#prepare(by, intent);
      if (ending === undefined && check !== undefined && !(await check())) {
        ending = { kind: 'refused', code: 'HOLDS_MOVED' };
      }
    } catch (error) {
      await this.#giveUp(by, intent);
      throw notDecided(error);
    }
    if (ending === undefined) {
      if (await this.#decide(by, 'c')) return 'committed';
      ending = { kind: 'spoilt' };
    }
    await this.#giveUp(by, intent);
    return ending;
  }

  /** Undefined when every record is prepared. */
  async #prepare(by: Attempt, intent: Intent): Promise<Ending | undefined> {
    const steps = intent.changes.map((change) => stepsOf(change, by));
    const firstOfAll = intent.changes.findIndex(({ kind }) => kind === 'account');
    const inOrder = firstOfAll < 0 ? steps : steps.slice(0, firstOfAll);
    for (const step of inOrder) {
      const ending = await this.#prepareOne(step);
      if (ending !== undefined) return ending;
    }
    // Accounts wait for nobody but where funds are short, so they can be prepared side by side.
    const accounts = steps.slice(inOrder.length);
    for (let from = 0; from < accounts.length; from += PORTION) {
      if (from > 0 && !(await this.#showLife(by))) return { kind: 'spoilt' };
      const portion = accounts.slice(from, from + PORTION);
      const endings = await allOrFirstError(portion.map((step) => this.#prepareOne(step)));
      const ending = endings.find((one) => one !== undefined);
      if (ending !== undefined) return ending;
    }
    return undefined;
  }

  async #prepareOne(step: Steps): Promise<Ending | undefined> {
    if (step.prepare === null) return undefined;
    for (let tries = 0; tries < 64; tries++) {
      const outcome = await this.#records.applyOnce(step.prepare, step.isPrepared).catch((error: unknown) => {
        if (error instanceof EngineError && error.inDoubt) return undefined;
        throw error;
      });
      // It may still arrive, after this attempt is over: so the name must not be used any further.
      if (outcome === undefined) return { kind: 'spoilt' };
      if (outcome.kind === 'applied') return undefined;
      const bins = await this.#records.get(step.at);
      const obstacle = step.obstacle(bins);
      if (obstacle.kind === 'refused') return obstacle;
      if (obstacle.kind === 'blocked') await this.clear(step.at, obstacle.by);
      // An account that is not there yet has nothing: that is an obstacle of its own, never 'gone'.
    }
    throw new EngineError('STORE_FAILED', { message: `${step.at.key} is fought over.` });
  }

  async #finish(by: Attempt, intent: Intent): Promise<void> {
    const steps = intent.changes.map((change) => stepsOf(change, by));
    for (const turn of FINISH_TURNS) {
      const mine = steps.filter((step) => finishTurn(step) === turn);
      for (let from = 0; from < mine.length; from += PORTION) {
        await allOrFirstError(mine.slice(from, from + PORTION).map((step) => this.#finishOne(step)));
      }
    }
    const done = { op: 'put', bin: 'done', value: 1 } as const;
    await this.#records.apply(
      { at: journalAt(by.entryId), ops: [done], existence: 'update' },
      (bins) => integerOf(bins, 'done') === 1,
    );
    await removeMember(this.#records, indexes.openTransactions, by.attempt);
  }

  async #finishOne(step: Steps): Promise<void> {
    const outcome = await this.#records.apply(step.finish, step.isFinished);
    if (outcome.kind === 'applied' && step.at.set === 'accounts')
      await this.#onAccount(step.at, outcome.bins);
  }

  /** Best effort: what stays is undone by whoever meets it. */
  async #giveUp(by: Attempt, intent: Intent): Promise<void> {
    try {
      await this.#decide(by, 'a');
      if ((await this.decisionOf(by)) === 'aborted') await this.#undo(by, intent);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
    }
  }

  async #undo(by: Attempt, known: Intent | undefined): Promise<void> {
    const intent = known ?? (await this.#abortedIntent(by));
    if (intent !== undefined) {
      const steps = intent.changes.map((change) => stepsOf(change, by));
      for (let from = 0; from < steps.length; from += PORTION) {
        await allOrFirstError(
          steps.slice(from, from + PORTION).map(async ({ at, undo }) => {
            if (undo !== null) await this.#records.apply(undo, (bins) => !isMarkedBy(at, bins, by));
          }),
        );
      }
    }
    await removeMember(this.#records, indexes.openTransactions, by.attempt);
  }

  /** The intent of this attempt, unless another one has taken its place since. */
  async #abortedIntent(by: Attempt): Promise<Intent | undefined> {
    const bins = await this.#records.get(journalAt(by.entryId));
    const isAborted = textOf(bins, 'at') === by.attempt && textOf(bins, 'st') === 'a';
    return isAborted ? await this.#intentIn(bins, by.entryId) : undefined;
  }

  /** Decides for an attempt that is being prepared. False when it is decided otherwise. */
  async #decide(by: Attempt, status: 'c' | 'a', unchangedForMs = 0): Promise<boolean> {
    const isSo = (bins: Bins | undefined): boolean =>
      textOf(bins, 'at') === by.attempt && textOf(bins, 'st') === status;
    const at = journalAt(by.entryId);
    const outcome = await this.#records.apply(
      {
        at,
        ops: [{ op: 'put', bin: 'st', value: status }],
        when: [
          { is: 'equal', bin: 'at', value: by.attempt },
          { is: 'equal', bin: 'st', value: 'p' },
          ...(unchangedForMs > 0 ? [{ is: 'unchangedForMs', ms: unchangedForMs } as const] : []),
        ],
        existence: 'update',
      },
      isSo,
    );
    return outcome.kind === 'applied' || isSo(await this.#records.get(at));
  }

  /** Waits until an attempt is decided. */
  async #settle(by: Attempt): Promise<'committed' | 'aborted'> {
    for (;;) {
      const decision = await this.#decideIfStalled(by);
      if (decision !== 'preparing') return decision;
      await new Promise<void>((resolve) => void setTimeout(resolve, LOOK_AGAIN_MS));
    }
  }

  async #decideIfStalled(by: Attempt): Promise<Decision> {
    const decision = await this.decisionOf(by);
    if (decision !== 'preparing') return decision;
    return (await this.#decide(by, 'a', this.#options.stalledMs)) ? 'aborted' : await this.decisionOf(by);
  }

  async #showLife(by: Attempt): Promise<boolean> {
    const outcome = await this.#records.apply(
      {
        at: journalAt(by.entryId),
        ops: [{ op: 'touch' }],
        when: [
          { is: 'equal', bin: 'at', value: by.attempt },
          { is: 'equal', bin: 'st', value: 'p' },
        ],
        existence: 'update',
      },
      () => false,
    );
    return outcome.kind === 'applied';
  }

  async #intentIn(bins: Bins | undefined, entryId: string): Promise<Intent> {
    assert(bins !== undefined, `entry ${entryId} is referred to and not there`);
    const ref = blobIn(bins, 'ref');
    const bytes = ref === undefined ? bytesOf(bins, 'in') : await readBlob(this.#records, ref);
    return unpack(bytes) as Intent;
  }
}

function decisionIn(bins: Bins | undefined, by: Attempt): Decision {
  if (textOf(bins, 'at') !== by.attempt) return 'aborted';
  const status = textOf(bins, 'st');
  return status === 'c' ? 'committed' : status === 'p' ? 'preparing' : 'aborted';
}

const FINISH_TURNS = [0, 1, 2, 3] as const;

/**
 * Transactions before the settlement that names them; accounts and coins then; the round's lock last: whoever
 * sees a round without its lock sees everything.
 */
function finishTurn({ at, prepare }: Steps): (typeof FINISH_TURNS)[number] {
  if (at.set === 'rounds') return 3;
  if (prepare !== null) return 2;
  return at.key.startsWith('settlement/') ? 1 : 0;
}

function journalAt(entryId: string): At {
  return { set: 'journal', key: entryId };
}

/** All have ended when this throws, so that nothing is still being prepared while it is undone. */
async function allOrFirstError<T>(promises: readonly Promise<T>[]): Promise<readonly T[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
}

/** It has happened, and will be finished by whoever comes next: whoever asked has to ask again. */
function decidedNotDone(error: unknown): unknown {
  if (!(error instanceof EngineError)) return error;
  return new EngineError(error.code, { message: error.message, inDoubt: true, cause: error });
}

/** Before the decision a fault leaves no doubt about the whole, whatever it left about a record. */
function notDecided(error: unknown): unknown {
  if (!(error instanceof EngineError) || !error.inDoubt) return error;
  return new EngineError(error.code, { message: error.message, cause: error });
}
