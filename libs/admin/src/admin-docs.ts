import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { errorBody } from '#libs/protocol';
import { bearerOf, passwordOf, refusalOf, TokenCheck } from './admin-token.js';

const PATH = 'api/docs';

interface DocsRequest {
  readonly method: string;
  readonly headers: { readonly authorization?: string };
}
interface DocsResponse {
  status(code: number): DocsResponse;
  set(name: string, value: string): DocsResponse;
  json(body: unknown): unknown;
}

/**
 * Serves the API's description at /api/docs (and as /api/docs-json). Call it before the application listens. The document is built on the
 * first request. Only these paths accept the token as the password of a browser's own prompt. If other paths accepted it too, any web page
 * that an operator visits could send requests in the name of the operator.
 */
export function serveAdminDocs(app: INestApplication, { token }: { readonly token: string }): void {
  const check = new TokenCheck(token);
  const guard = (request: DocsRequest, response: DocsResponse, next: () => void): void => {
    const { authorization } = request.headers;
    const refusal = refusalOf(bearerOf(authorization) ?? passwordOf(authorization), check);
    if (refusal === null) return next();
    response
      .status(401)
      .set('WWW-Authenticate', 'Basic realm="Holdfast: any user name, and ADMIN_TOKEN as the password", charset="UTF-8"')
      .json(errorBody('unauthorized', refusal));
  };
  for (const path of [`/${PATH}`, `/${PATH}-json`, `/${PATH}-yaml`]) app.use(path, guard);
  SwaggerModule.setup(PATH, app, () => adminDocument(app), {
    customSiteTitle: 'Holdfast admin API',
    swaggerOptions: { persistAuthorization: false },
  });
}

export function adminDocument(app: INestApplication): OpenAPIObject {
  const description = 'Requests of operators and dashboards to a fleet, on the ops port of any gateway.';
  const config = new DocumentBuilder().setTitle('Holdfast admin API').setDescription(description).setVersion('1').addBearerAuth().build();
  const document = SwaggerModule.createDocument(app, config);
  const ours = Object.entries(document.paths).filter(([path]) => path.startsWith('/api/'));
  return { ...document, paths: Object.fromEntries(ours) };
}
