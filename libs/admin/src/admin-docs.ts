import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { errorBody } from '#libs/protocol';
import { ADMIN_TOKENS, AdminTokens } from './access/admin-tokens.js';
import type { AdminOptions } from './admin.options.js';
import { bearerOf, passwordOf, refusalOf, type TokenCheck } from './admin-token.js';

/**
 * An API of the ops port: its routes begin with `prefix`. `acceptedTokens`: the tokens that the API accepts, as its refusals name them,
 * such as `the SERVICE_TOKEN`.
 */
export interface DescribedApi {
  readonly prefix: string;
  readonly title: string;
  readonly description: string;
  readonly acceptedTokens: string;
}

const ADMIN_API: DescribedApi = {
  prefix: 'api',
  title: 'Holdfast admin API',
  description: 'Requests of operators and dashboards to a fleet, on the ops port of any gateway.',
  acceptedTokens: ADMIN_TOKENS,
};

interface DocsRequest {
  readonly method: string;
  readonly headers: { readonly authorization?: string };
}
interface DocsResponse {
  status(code: number): DocsResponse;
  set(name: string, value: string): DocsResponse;
  json(body: unknown): unknown;
}

/** Serves the description of the admin API at /api/docs (and as /api/docs-json). Call this function before the application listens. */
export function serveAdminDocs(app: INestApplication, { tokens }: Pick<AdminOptions, 'tokens'>): void {
  serveApiDocs(app, ADMIN_API, new AdminTokens(tokens));
}

/**
 * Serves the description of an API at /PREFIX/docs (and as /PREFIX/docs-json). Call this function before the application listens. The first
 * request builds the document. Only these paths accept the token as the password of a browser's own prompt. If other paths accepted it too,
 * any web page that an operator visits could send requests on behalf of the operator.
 */
export function serveApiDocs(app: INestApplication, api: DescribedApi, check: Pick<TokenCheck, 'accepts'>): void {
  const { prefix, title, acceptedTokens } = api;
  const guard = (request: DocsRequest, response: DocsResponse, next: () => void): void => {
    const { authorization } = request.headers;
    const given = bearerOf(authorization) ?? passwordOf(authorization);
    if (check.accepts(given)) return next();
    response
      .status(401)
      .set('WWW-Authenticate', `Basic realm="Holdfast: any user name, and ${acceptedTokens} as the password", charset="UTF-8"`)
      .json(errorBody('unauthorized', refusalOf(given, acceptedTokens)));
  };
  for (const path of [`/${prefix}/docs`, `/${prefix}/docs-json`, `/${prefix}/docs-yaml`]) app.use(path, guard);
  SwaggerModule.setup(`${prefix}/docs`, app, () => apiDocument(app, api), {
    customSiteTitle: title,
    swaggerOptions: { persistAuthorization: false },
  });
}

export function adminDocument(app: INestApplication): OpenAPIObject {
  return apiDocument(app, ADMIN_API);
}

function apiDocument(app: INestApplication, { prefix, title, description }: DescribedApi): OpenAPIObject {
  const config = new DocumentBuilder().setTitle(title).setDescription(description).setVersion('1').addBearerAuth().build();
  const document = SwaggerModule.createDocument(app, config);
  const ours = Object.entries(document.paths).filter(([path]) => path.startsWith(`/${prefix}/`));
  for (const [path, item] of ours) describePathParameters(path, Object.values(item));
  return { ...document, paths: Object.fromEntries(ours) };
}

interface DescribedOperation {
  parameters?: { readonly name?: string; readonly in?: string }[];
}

/** Adds the path parameters that Nest omits from the description: parameters whose type is a branded text, such as `RoomId`. */
function describePathParameters(path: string, operations: readonly DescribedOperation[]): void {
  for (const [, name] of path.matchAll(/\{(\w+)\}/g))
    for (const operation of operations) {
      operation.parameters ??= [];
      const isDescribed = operation.parameters.some((parameter) => parameter.in === 'path' && parameter.name === name);
      if (!isDescribed) operation.parameters.push({ name, in: 'path', required: true, schema: { type: 'string' } } as { name: string });
    }
}
