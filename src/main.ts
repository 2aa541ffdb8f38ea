/**
 * `npm start`: the engine with API, page, edge, store and development chain, and a demo battle that never ends.
 * Settings come from RINGSIDE_* variables and flags (docs/SETTINGS.md). Ctrl-C stops it cleanly, SIGTERM after rounds
 * that have only seconds left; a second signal ends it at once. Exit code 2: a setting makes no sense; 1: it could not
 * start, or not stop cleanly.
 */
import { ConfigError, describeSettings, loadConfig, processEnvironment, wantsHelp } from './config.ts';
import { EngineError } from './core/errors.ts';
import { type Battles, startBattles } from './demo/battles.ts';
import { type Engine, startEngine } from './engine.ts';
import { systemClock } from './platform/clock.ts';
import { createLogger } from './platform/logger.ts';
import type { Config } from './settings.ts';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function help(): string {
  const rows = describeSettings().map(
    ({ flag, variable, default: standard, allowed, meaning }) =>
      `  ${flag}  (${variable})\n      ${meaning}\n      ${allowed}; default: ${standard === '' ? 'empty' : standard}`,
  );
  return `npm start -- [settings]\n\nRuns the engine. Every setting is a flag and a variable; --no-demo turns the demo off.\n\n${rows.join('\n')}`;
}

/** Whoever reads along may go first (`npm start | tee log` and Ctrl-C): no reason to die before everything is saved. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

/** By the signal itself: `process.exit` would abort over the edges' open uWebSockets.js loops. */
function endNow(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

async function run(config: Config): Promise<void> {
  outliveReaders();
  const logger = createLogger({ level: config.logLevel, room: 'main' });
  const engine = await startEngine(config);
  const demo: { battles: Promise<Battles> | null } = { battles: null };

  let stopping = false;
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (stopping) return endNow(signal);
    stopping = true;
    // A crowd that is still coming in has to be there before it can leave; one that failed is gone.
    await demo.battles?.then(
      (battles) => battles.stop(),
      () => undefined,
    );
    if (signal === 'SIGTERM') {
      say(`SIGTERM: waiting for rounds that end within ${config.drainMs} ms`);
      const { settled, left } = await engine.drain(config.drainMs);
      say(`${settled} settled, ${left} not in time`);
    }
    say(`${signal}: saving every round and stopping`);
    const clean = await engine.stop();
    say('stopped');
    process.exitCode = clean ? 0 : 1;
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(signal));

  announce(engine, config);
  if (config.demo) {
    demo.battles = startBattles({
      control: engine.control,
      clock: systemClock,
      logger,
      wsUrl: engine.wsUrl,
      viewers: config.demoViewers,
      roundSeconds: config.demoRoundSeconds,
      payoutMinSats: config.payoutMinSats,
      platformAccount: engine.platformAccount,
    });
    await demo.battles;
  }
}

function announce(engine: Engine, config: Config): void {
  say(`
Ringside is running.

  watch        ${engine.apiUrl}
  API          ${engine.apiUrl}/docs
  edge         ${engine.wsUrl}
  data         ${engine.dataDir}
  demo         ${config.demo ? `${config.demoViewers} simulated viewers, rounds of ${config.demoRoundSeconds} s (--no-demo turns it off)` : 'off'}

Ctrl-C stops it.
`);
}

const argv = process.argv.slice(2);
if (wantsHelp(argv)) {
  say(help());
} else {
  try {
    await run(loadConfig(processEnvironment(), argv));
  } catch (error) {
    const known = error instanceof ConfigError || error instanceof EngineError;
    const text = known ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`ringside: ${text}\n`);
    process.exitCode = error instanceof ConfigError ? 2 : 1;
  }
}
