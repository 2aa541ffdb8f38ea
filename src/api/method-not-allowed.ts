/** Known addresses with another method: 405 with the methods that exist, rather than a 404 that misleads. */
import type { RouteOptions } from 'fastify';
import { ApiError } from './api-error.ts';
import type { ApiApp } from './context.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Call before routes are registered; the function it returns, after. */
export function watchMethods(app: ApiApp): () => void {
  const methodsByUrl = new Map<string, Set<string>>();
  app.addHook('onRoute', (route: RouteOptions & { path: string }) => {
    const known = methodsByUrl.get(route.url) ?? new Set();
    for (const method of [route.method].flat()) known.add(method);
    methodsByUrl.set(route.url, known);
  });
  return () => {
    // A copy: what is registered here is announced to the hook above as well.
    for (const [url, known] of Array.from(methodsByUrl)) {
      if (url.includes('*')) continue;
      const allow = [...known].toSorted().join(', ');
      app.route({
        method: METHODS.filter((method) => !known.has(method)),
        url,
        schema: { hide: true },
        // Behind the rate limit, before the body is read: it does not matter any more.
        preParsing: async (_request, reply) => {
          void reply.header('allow', allow);
          throw new ApiError('METHOD_NOT_ALLOWED');
        },
        handler: async () => undefined,
      });
    }
  };
}
