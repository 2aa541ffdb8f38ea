// What stands in the way of a start is said by name, nothing is left behind, and the next start works.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type Server, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { bootEngine, temporaryFolder } from './harness.ts';

async function taken(): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return { port: address.port, server };
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

it.each([
  [['--no-dmo'], '"--no-dmo": there is no such setting'],
  [['--api-port', 'x'], 'a whole number from 0 to 65535'],
  [['fast'], '"fast": there is no such setting'],
])('npm start ends with 2 for %j and says why', (args, message) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
  expect(stderr).toContain(message);
  expect(stdout).toBe('');
  expect(status).toBe(2);
});

describe('an engine that cannot start', () => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());

  it('names the port that is taken, lets go of its directory, and starts when it is free', async () => {
    const { port, server } = await taken();
    const where = `cannot listen on 127\\.0\\.0\\.1:${port}`;
    await expect(bootEngine(folder.path, { apiPort: port })).rejects.toThrow(
      new RegExp(`${where}.*--api-port.*EADDRINUSE`),
    );
    await expect(bootEngine(folder.path, { edgePort: port })).rejects.toThrow(
      new RegExp(`${where}.*--edge-port.*EADDRINUSE`),
    );
    server.close();
    const engine = await bootEngine(folder.path, { apiPort: port });
    expect((await engine.control.health()).status).toBe('ok');
    await expect(bootEngine(folder.path)).rejects.toThrow(/another engine/);
    expect(await engine.stop()).toBe(true);
  });

  it('does not share the port of another engine, which its own threads would', async () => {
    const other = temporaryFolder();
    const engine = await bootEngine(folder.path);
    const edgePort = Number(new URL(engine.wsUrl).port);
    await expect(bootEngine(other.path, { edgePort })).rejects.toThrow(/--edge-port.*EADDRINUSE/);
    await engine.stop();
    const next = await bootEngine(other.path, { edgePort, edgeThreads: 2 });
    expect(new URL(next.wsUrl).port).toBe(String(edgePort));
    await next.stop();
    other.remove();
  });
});
