import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../process/paths.mjs';

/** The files that contain the version of Holdfast, each with the places of the version. */
const FILES = [
  { file: 'package.json', pattern: /^( {2}"version": ")[^"]*(",)$/m },
  // package-lock.json has the version of the repository in two places: at the top, and in the entry of the root package.
  { file: 'package-lock.json', pattern: /^( {2}"version": ")[^"]*(",)$/m },
  { file: 'package-lock.json', pattern: /^( {6}"version": ")[^"]*(",)$/m },
  { file: 'libs/telemetry/src/holdfast-version.ts', pattern: /(HOLDFAST_VERSION = ')[^']*(')/ },
  { file: 'clients/python/pyproject.toml', pattern: /^(version = ")[^"]*(")$/m },
  { file: 'clients/csharp/Holdfast/Holdfast.csproj', pattern: /(<Version>)[^<]*(<\/Version>)/ },
];

/** The files with the version that users deploy. This is the version of the last release, and never a development version. */
const DEPLOYED = [
  { file: 'Dockerfile', pattern: /^(ARG VERSION=)\S*()$/m },
  { file: 'deploy/helm/holdfast/Chart.yaml', pattern: /^(version: )\S*()$/m },
  { file: 'deploy/helm/holdfast/Chart.yaml', pattern: /^(appVersion: )\S*()$/m },
];

/** The names of the files that `setVersion` changes. */
export const VERSIONED_FILES = [...new Set(FILES.map(({ file }) => file))];
/** The names of the files that `setDeployedVersion` changes. */
export const DEPLOYED_FILES = [...new Set(DEPLOYED.map(({ file }) => file))];

/** Writes a version into all files of `FILES`. @param {string} version @param {string} [root] */
export const setVersion = (version, root = ROOT) => replaceIn(FILES, version, root);

/** Writes the version of a release into the files that deploy it. @param {string} version @param {string} [root] */
export const setDeployedVersion = (version, root = ROOT) => replaceIn(DEPLOYED, version, root);

/** @param {typeof FILES} places @param {string} version @param {string} root */
async function replaceIn(places, version, root) {
  for (const { file, pattern } of places) {
    const path = join(root, file);
    const text = await readFile(path, 'utf8');
    if (!pattern.test(text)) throw new Error(`${file} has no version where the release expects one: ${pattern}`);
    await writeFile(path, text.replace(pattern, `$1${version}$2`));
  }
}

/** @param {string} [root] @returns {Promise<string[]>} the version at each place */
export async function readVersions(root = ROOT) {
  return Promise.all(
    FILES.map(async ({ file, pattern }) => {
      const [text = '', before = '', after = ''] = pattern.exec(await readFile(join(root, file), 'utf8')) ?? [];
      return text.slice(before.length, text.length - after.length);
    }),
  );
}
