/** OpenAPI 3.1, made from the schemas that check and serialize, and its viewer at /docs. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { ApiApp } from './context.ts';

/** Call before routes are registered: it collects them. */
export async function registerOpenApi(app: ApiApp): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Ringside',
        version: '1',
        description:
          'Live battles paid by the second. Answers are {data, meta} or {error, meta}; docs/API.md says more.',
      },
      components: {
        securitySchemes: { adminToken: { type: 'http', scheme: 'bearer' } },
      },
    },
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    // The badge would ask a public service about this server.
    uiConfig: { validatorUrl: null, docExpansion: 'list' },
    // The viewer writes one style into its mark-up; scripts stay files of this server.
    transformStaticCSP: (policy) => policy.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'"),
  });
}
