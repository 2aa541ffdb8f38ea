import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { openWebSocket } from './socket.ts';

it('reports a refused connection as closed, once, though Node tells only of an error', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  server.close();
  await once(server, 'close');
  const codes: number[] = [];
  await new Promise<void>((resolve) => {
    openWebSocket(`ws://127.0.0.1:${port}/v1/ws`, 'ringside.v1', {
      message: () => undefined,
      close: (code) => {
        codes.push(code);
        resolve();
      },
    });
  });
  expect(codes).toEqual([1006]);
});
