import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { CliError } from '../../src/cli/terminal.ts';
import { LOAD_DEFAULTS } from '../options.ts';
import { EXIT, EXIT_HELP, exitCodeOf } from './exit-codes.ts';
import { createCommand } from './command.ts';
import type { Order } from './order.ts';

async function orderOf(...args: string[]): Promise<Order> {
  const orders: Order[] = [];
  const command = createCommand((order) => {
    orders.push(order);
    return Promise.resolve();
  });
  command.exitOverride().configureOutput({ outputError: () => undefined });
  await command.parseAsync(args, { from: 'user' });
  return orders[0] ?? expect.fail('nothing was ordered');
}

/** Why it is refused. */
async function refusal(...args: string[]): Promise<string> {
  try {
    await orderOf(...args);
  } catch (error) {
    if (error instanceof CommanderError) return error.message;
    if (error instanceof CliError) {
      expect(error.exitCode).toBe(2);
      return error.message;
    }
    throw error;
  }
  return 'it was taken';
}

describe('the command line', () => {
  it('asks for the defaults when it says nothing', async () => {
    expect(await orderOf()).toEqual({
      load: LOAD_DEFAULTS,
      rules: [],
      jsonPath: null,
      htmlPath: null,
      quiet: false,
      color: true,
    });
  });

  it('takes every option', async () => {
    const order = await orderOf(
      ...'--viewers 1000 --ramp 2.5 --seconds 60 --rate 0.5 --gifts 3 --claps 40 --votes 20% --switch 5'.split(
        ' ',
      ),
      ...'--churn 0.5 --storm 10 --slow-readers 1% --misbehave 2% --rounds 4 --participants 8'.split(' '),
      ...'--processes 2 --seed 7 --json - --html load.html --quiet --no-color'.split(' '),
      '--engine-flags',
      '--edge-threads 2',
      '--engine-flags',
      '--shard-threads 2',
      '--fail-if',
      'p99>100',
      '--fail-if',
      'errors > 0',
    );
    expect(order.load).toEqual({
      url: null,
      adminToken: null,
      viewers: 1_000,
      rampSeconds: 2.5,
      seconds: 60,
      rate: 0.5,
      giftsPerSecond: 3,
      clapsPerSecond: 40,
      votesShare: 0.2,
      switchEverySeconds: 5,
      churnPerMinute: 0.5,
      reconnectStormAtSeconds: 10,
      slowReaders: 0.01,
      readAtOnce: false,
      misbehaving: 0.02,
      rounds: 4,
      participants: 8,
      processes: 2,
      seed: 7,
      engineFlags: ['--edge-threads', '2', '--shard-threads', '2'],
      engineNodeFlags: [],
      generatorNodeFlags: [],
    });
    expect(order.rules.map(({ text }) => text)).toEqual(['p99>100', 'errors > 0']);
    expect(order).toMatchObject({ jsonPath: '-', htmlPath: 'load.html', quiet: true, color: false });
  });

  it('names a running engine by its origin, with a token', async () => {
    const { load } = await orderOf('--url', 'http://127.0.0.1:3000/v1', '--admin-token', 'secret');
    expect(load).toMatchObject({ url: 'http://127.0.0.1:3000', adminToken: 'secret' });
  });

  it.each([
    [['--viewers', '0'], 'whole number from 1'],
    [['--viewers', 'many'], 'whole number from 1'],
    [['--seconds', '-5'], 'number from 1'],
    [['--seconds', '1e3'], 'number from 1'],
    [['--churn', '150%'], 'a share'],
    [['--churn', '2'], 'a share'],
    [['--participants', '1'], 'whole number from 2'],
    [['--vewers', '10'], '--viewers'],
    [['fast'], 'too many arguments'],
    [['--url', 'localhost:3000'], 'http://'],
    [['--fail-if', 'p99'], 'quotes'],
    [['--fail-if', 'p98>1'], 'no metric "p98"'],
    [['--engine-flags', 'edge-threads'], 'begin with -'],
    [['--admin-token', 'x'], '--url'],
    [['--url', 'http://a', '--admin-token', 'x', '--engine-flags', '--x'], 'already runs'],
    [['--viewers', '3', '--rounds', '4'], '4 rounds need'],
    [['--seconds', '10', '--storm', '10'], 'after the load'],
    [['--slow-readers', '60%', '--misbehave', '60%'], 'more than all'],
    [['--json', '-', '--html', '-'], 'only one'],
    [['--gifts', '0', '--fail-if', 'p99>100'], 'no gifts'],
    [['--claps', '0', '--fail-if', 'clap.max>100'], 'no claps'],
    [['--url', 'http://a', '--admin-token', 'x', '--fail-if', 'engineCores>1'], 'started here'],
  ])('refuses %j and says why', async (args, message) => {
    expect(await refusal(...args)).toContain(message);
  });

  it('tells about all of it in its help', () => {
    let help = '';
    const command = createCommand(() => Promise.resolve());
    command.configureOutput({ writeOut: (text) => void (help += text) });
    command.outputHelp();
    for (const part of ['--fail-if', 'Examples:', 'money!=ok', 'Exit codes:', 'Ctrl-C'])
      expect(help).toContain(part);
  });
});

describe('exit codes', () => {
  it('tell apart what a pipeline would do differently about', () => {
    const codes = (['passed', 'thresholds', 'money', 'invalid', 'stopped'] as const).map(exitCodeOf);
    expect(codes).toEqual([0, 1, 1, EXIT.invalid, EXIT.stopped]);
    expect(EXIT_HELP.match(/^ {2}\d+/gm)?.map(Number)).toEqual(Object.values(EXIT));
  });
});
