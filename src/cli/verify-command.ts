/** `ringside verify`: re-does every step from the viewers' words to the outputs on chain; needs no engine. */
import type { Command } from 'commander';
import { verifyReceipt } from '../settlement/verify-receipt.ts';
import { readInput } from './input.ts';
import { CliError, print, printJson, table } from './terminal.ts';
import { nodeVerifyTools } from './verify-tools.ts';

export function addVerifyCommand(program: Command): void {
  program
    .command('verify')
    .description('check the receipt of a settled round: every word, share, output and proof')
    .argument('<receipt>', 'the receipt file (- for standard input)')
    .option('--json', 'print {ok, checks: [{name, ok, detail}]} as JSON')
    .addHelpText(
      'after',
      `
The exit code is 0 when every check holds, and 1 when one fails; it is named.

Examples:
  $ ringside verify receipt.json
  $ ringside round receipt some-round | ringside verify - --json`,
    )
    .action(verify);
}

async function verify(path: string, options: { readonly json?: boolean }): Promise<void> {
  const verdict = verifyReceipt(await readInput(path), nodeVerifyTools);
  if (options.json === true) printJson(verdict);
  else print(table(verdict.checks.map(({ name, ok, detail }) => [ok ? 'ok' : 'FAILED', name, detail])));
  const failed = verdict.checks.filter((check) => !check.ok).map((check) => check.name);
  if (!verdict.ok) throw new CliError(`the receipt does not hold: ${failed.join(', ')}`);
}
