/**
 * Where a run is watched: on a terminal a block of lines that is drawn again with each sample, else a plain line every
 * few seconds. Notes are lines that stay; they go above the block.
 */
import { stripVTControlCharacters } from 'node:util';
import type { Sample } from '../run-result.ts';
import { type LivePlan, liveLines, plainLine } from '../report/live.ts';
import type { Paint } from '../report/paint.ts';

/** The part of a stream that is used. */
export interface Terminal {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

export interface Screen {
  sample(sample: Sample): void;
  note(text: string): void;
  /** Leaves the last block standing. */
  end(): void;
}

const PLAIN_EVERY_MS = 5_000;
const COLUMNS = 80;
/** Up by so many lines, to the first column, and away with everything below. */
const backOver = (rows: number): string => (rows === 0 ? '' : `\u001b[${rows}A\r\u001b[0J`);

export function silentScreen(): Screen {
  return { sample: () => undefined, note: () => undefined, end: () => undefined };
}

export function createScreen(terminal: Terminal, plan: LivePlan, paint: Paint): Screen {
  return terminal.isTTY === true ? redrawn(terminal, plan, paint) : line(terminal, plan);
}

function redrawn(terminal: Terminal, plan: LivePlan, paint: Paint): Screen {
  const samples: Sample[] = [];
  let block: readonly string[] = [];
  const columns = (): number => terminal.columns ?? COLUMNS;
  /** A terminal that was made narrower has wrapped what stood there. */
  const rowsOf = (text: string): number =>
    Math.max(1, Math.ceil(stripVTControlCharacters(text).length / columns()));
  const draw = (above: string): void => {
    const before = backOver(block.reduce((rows, text) => rows + rowsOf(text), 0));
    // One cell stays free: some terminals wrap when the last one is written.
    block = liveLines({ plan, samples, width: columns() - 1, paint });
    terminal.write(`${before}${above}${block.map((text) => `${text}\n`).join('')}`);
  };
  return {
    sample(sample) {
      samples.push(sample);
      draw('');
    },
    note: (text) => draw(`${text}\n`),
    end() {
      block = [];
    },
  };
}

function line(terminal: Terminal, plan: LivePlan): Screen {
  const samples: Sample[] = [];
  let nextMs = PLAIN_EVERY_MS;
  return {
    sample(sample) {
      const phaseBefore = samples.at(-1)?.phase ?? sample.phase;
      samples.push(sample);
      // A second is never exact: the fifth sample may come after 4,990 ms.
      if (sample.atMs + PLAIN_EVERY_MS / 20 < nextMs && sample.phase === phaseBefore) return;
      nextMs = sample.atMs + PLAIN_EVERY_MS;
      terminal.write(`${plainLine(plan, samples)}\n`);
    },
    note: (text) => terminal.write(`${text}\n`),
    end: () => undefined,
  };
}
