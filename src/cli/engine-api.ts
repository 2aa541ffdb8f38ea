/** The API of a running engine as commands use it: found by option or settings, failing in one line. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { Api, type ApiAnswer } from '../client/api.ts';
import { loadConfig, processEnvironment } from '../config.ts';
import { urlArgument } from './arguments.ts';
import { CliError } from './terminal.ts';

export interface UrlOptions {
  readonly url?: string;
}

export interface TokenOptions extends UrlOptions {
  readonly token?: string;
}

export function addUrlOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--url <url>',
      'engine to talk to (default: by the settings, http://127.0.0.1:3000)',
    ).argParser(urlArgument),
  );
}

export function addTokenOption(command: Command): Command {
  return command.option(
    '--token <token>',
    'admin token (default: RINGSIDE_ADMIN_TOKEN, else the file admin-token in the data directory)',
  );
}

/** An API with a name to complain by. */
export interface EngineApi {
  readonly api: Api;
  readonly url: string;
}

export function engineApi(options: UrlOptions): EngineApi {
  const url = options.url ?? configuredUrl();
  return { api: new Api({ baseUrl: url }), url };
}

/** @throws {CliError} when there is no token. */
export async function adminApi(options: TokenOptions): Promise<EngineApi> {
  const url = options.url ?? configuredUrl();
  return { api: new Api({ baseUrl: url, adminToken: await adminTokenFor(options.token) }), url };
}

/** By option, settings, or what the engine left in its data directory. @throws {CliError} when there is none. */
export async function adminTokenFor(token: string | undefined, option = '--token'): Promise<string> {
  const { adminToken: configured, dataDir } = loadConfig(processEnvironment());
  const adminToken = token ?? configured ?? (await readAdminToken(dataDir));
  if (adminToken !== undefined) return adminToken;
  throw new CliError(
    `no admin token: give ${option} or RINGSIDE_ADMIN_TOKEN (there is no admin-token in ${dataDir})`,
    2,
  );
}

/** The data of an answer. @throws {CliError} with what was refused, or where nobody answered. */
export function dataOf<T>(answer: ApiAnswer<T>, url: string): T {
  if (answer.ok) return answer.data;
  if (answer.code === 'UNAVAILABLE') throw new CliError(`the engine at ${url} cannot be reached`);
  const details = answer.details.map(({ field, message }) => `${field} ${message}`).join('; ');
  throw new CliError(`${answer.code}: ${answer.message}${details === '' ? '' : ` (${details})`}`);
}

/** What the engine left for its operator (data-dir.ts); undefined when there is none. */
async function readAdminToken(dataDir: string): Promise<string | undefined> {
  try {
    return (await readFile(join(dataDir, 'admin-token'), 'utf8')).trim();
  } catch {
    return undefined; // not here, or not ours to read: the caller says what to do
  }
}

function configuredUrl(): string {
  const { apiHost, apiPort } = loadConfig(processEnvironment());
  const host = apiHost === '0.0.0.0' || apiHost === '::' ? '127.0.0.1' : apiHost;
  return `http://${host.includes(':') ? `[${host}]` : host}:${apiPort}`;
}
