/**
 * How every command talks: data on standard output, messages on standard error, and one line with an exit code when
 * something cannot be done (1: it failed, 2: it was not asked for properly).
 */

export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A line of data. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

/** A line for the person, not for the program that reads the output. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

export function sayError(message: string): void {
  say(`ringside: ${message.trim().replaceAll(/\s*\n\s*/g, ' ')}`);
}

/** Whoever read the output has enough (`| head`): that is no failure. */
export function endQuietlyWhenNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
}

/** Columns as wide as their widest cell; the last one is not padded. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  }
  return rows
    .map((row) =>
      row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join('  '),
    )
    .join('\n');
}

/** 25300 as `25,300`. */
export function amount(sats: number): string {
  return Math.floor(sats).toLocaleString('en-US');
}
