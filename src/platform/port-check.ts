/**
 * Whether a port can be had. The edge threads of an engine share one port with SO_REUSEPORT, and with that option a
 * second engine would be let in too: each would get some of the other's viewers. To listen there without it is refused.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Does nothing for port 0. @throws {Error} of the system when somebody listens there, or nobody can. */
export async function checkPort(at: { readonly host: string; readonly port: number }): Promise<void> {
  if (at.port === 0) return;
  const server = createServer().listen(at);
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
}
