/** Where a result goes: summary for people, JSON for programs, a page for both. */
import { accessSync, constants, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CliError } from '../../src/cli/terminal.ts';
import { resultPage } from '../report/html.ts';
import { type Paint, coloured, plain } from '../report/paint.ts';
import { summaryLines } from '../report/summary.ts';
import type { RunResult } from '../run-result.ts';
import type { Order } from './order.ts';

/** Before the run: nobody wants to learn after an hour that there is no such folder. @throws {CliError} */
export function checkPaths({ jsonPath, htmlPath }: Order): void {
  for (const path of [jsonPath, htmlPath]) {
    if (path === null || path === '-') continue;
    try {
      accessSync(dirname(path), constants.W_OK);
    } catch (error) {
      throw new CliError(`cannot write ${path}: ${(error as Error).message}`, 2);
    }
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
      throw new CliError(`cannot write ${path}: it is a directory`, 2);
    }
  }
}

/** Standard output, unless a program reads that; then standard error, unless nothing else is wanted. */
export function writeResults(result: RunResult, order: Order): void {
  const { jsonPath, htmlPath, quiet } = order;
  const piped = jsonPath === '-' || htmlPath === '-';
  const stream = piped ? process.stderr : process.stdout;
  if (!(piped && quiet)) stream.write(`${summaryLines(result, paintFor(stream, order)).join('\n')}\n`);
  write(jsonPath, () => `${JSON.stringify(result, null, 2)}\n`);
  write(htmlPath, () => resultPage(result));
  for (const path of [jsonPath, htmlPath]) {
    if (path !== null && path !== '-' && !quiet) process.stderr.write(`  written: ${path}\n`);
  }
}

export function paintFor(stream: NodeJS.WriteStream, { color }: Pick<Order, 'color'>): Paint {
  // `hasColors` is there only on a terminal, and knows NO_COLOR, FORCE_COLOR and TERM.
  return color && stream.isTTY && stream.hasColors() ? coloured : plain;
}

function write(path: string | null, text: () => string): void {
  if (path === '-') process.stdout.write(text());
  else if (path !== null) writeFileSync(path, text());
}
