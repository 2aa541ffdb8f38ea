/** What can be known of a running engine before hundreds of keys are made for it. */
import { Api } from '../../src/client/api.ts';
import { dataOf } from '../../src/cli/engine-api.ts';
import { CliError } from '../../src/cli/terminal.ts';
import type { LoadOptions } from '../options.ts';

/** @throws {CliError} when the engine is not there, or gives no coins to viewers. */
export async function checkEngine({ url }: LoadOptions): Promise<void> {
  if (url === null) return;
  const { faucetSatsMax } = dataOf(await new Api({ baseUrl: url }).config(), url);
  if (faucetSatsMax === null) {
    throw new CliError(
      `the engine at ${url} has no faucet to fund viewers from: a load test needs a development engine`,
    );
  }
}
