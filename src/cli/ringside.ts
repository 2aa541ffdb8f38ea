#!/usr/bin/env node
/** The command line: `npm run ringside -- COMMAND`. Commands are files of their own; here they are put together. */
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config.ts';
import { addDemoCommand } from './demo.ts';
import { addRoundCommand } from './round-command.ts';
import { CliError, endQuietlyWhenNobodyReads, say, sayError } from './terminal.ts';
import { addVerifyCommand } from './verify-command.ts';
import { addWatchCommand } from './watch-command.ts';

function createProgram(): Command {
  const program = new Command('ringside').description('live battles, paid by the second').addHelpText(
    'after',
    `
Examples:
  $ ringside demo
  $ ringside watch --for ada --seconds 30
  $ ringside round list
  $ ringside verify receipt.json

Settings of the engine (docs/SETTINGS.md) tell where it is: RINGSIDE_API_PORT, RINGSIDE_DATA_DIR ...`,
  );
  program.addHelpText('afterAll', '\nringside stands for: npm run ringside --');
  addDemoCommand(program);
  addWatchCommand(program);
  addRoundCommand(program);
  addVerifyCommand(program);
  // After the commands, which would inherit it: a word that is no command comes here as an argument.
  program
    .helpCommand(true)
    .allowExcessArguments()
    .action((_options, command: Command) => {
      const [unknown] = command.args;
      const what =
        unknown === undefined ? 'a command is needed' : `there is no command ${JSON.stringify(unknown)}`;
      throw new CliError(`${what}; ringside --help lists them`, 2);
    });
  failInOneLine(program);
  return program;
}

/** Applies to commands however they were added: throw instead of exiting, and leave the message to `run`. */
function failInOneLine(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => undefined });
  for (const child of command.commands) failInOneLine(child);
}

async function run(argv: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(argv);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0; // --help
      if (error.code === 'commander.help') return 2; // a group without its command: help was printed
      sayError(error.message.replace(/^error: /, ''));
      return 2;
    }
    if (error instanceof CliError) {
      sayError(error.message);
      return error.exitCode;
    }
    if (error instanceof ConfigError) {
      for (const problem of error.problems) sayError(problem);
      return 2;
    }
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return 70; // a bug
  }
}

endQuietlyWhenNobodyReads();
// Not process.exit: what was written to a pipe has to arrive.
process.exitCode = await run(process.argv);
