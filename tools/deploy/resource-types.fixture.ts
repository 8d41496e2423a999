import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from '../process/paths.mjs';

export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  // biome-ignore lint/suspicious/noExplicitAny: `typeErrorsOf` checks the whole resource
  readonly [key: string]: any;
}

/**
 * Returns the type errors of the resources. Compiles them as literals, because TypeScript refuses unknown fields of a literal at any depth.
 */
export function typeErrorsOf(resources: readonly Resource[]): string[] {
  const file = join(ROOT, 'tools/deploy/rendered-resources.ts');
  const lines = resources.map((resource, index) => {
    const [source, kind, value] =
      resource.kind === 'Fleet'
        ? ['kubernetes-models/v1', 'IPodTemplateSpec', resource.spec.template.spec.template]
        : [IMPORTS[resource.apiVersion], `I${resource.kind}`, resource];
    return `export const r${index}: import('${source}').${kind} = ${JSON.stringify(value)};`;
  });
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  const text = lines.join('\n');
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022) : getSourceFile(name, ...rest);
  host.fileExists = (name) => name === file || fileExists(name);
  host.readFile = (name) => (name === file ? text : readFile(name));
  return ts
    .getPreEmitDiagnostics(ts.createProgram([file], options, host))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

/**
 * The modules with the types of the resources, by API version. No package has the types of Agones, so `typeErrorsOf` checks only
 * the template of its pods.
 */
const IMPORTS: Readonly<Record<string, string>> = {
  'apps/v1': 'kubernetes-models/apps/v1',
  v1: 'kubernetes-models/v1',
  'policy/v1': 'kubernetes-models/policy/v1',
  'networking.k8s.io/v1': 'kubernetes-models/networking.k8s.io/v1',
  'keda.sh/v1alpha1': '@kubernetes-models/keda/keda.sh/v1alpha1',
  'monitoring.coreos.com/v1': '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1',
};
