import { PlainError } from '../process/plain-error.mjs';

const UNRELEASED = '## Unreleased';

/**
 * Pure: gives the unreleased changes of a changelog the heading of a version, below an empty heading for later changes.
 *
 * @param {string} changelog in the format of Keep a Changelog
 * @param {string} version @param {string} date such as 2026-11-29
 * @returns {string}
 * @throws {PlainError} when there are no unreleased changes, or the version has a heading already
 */
export function releaseChanges(changelog, version, date) {
  const [before, after, ...more] = changelog.split(`${UNRELEASED}\n`);
  if (before === undefined || after === undefined || more.length > 0)
    throw new PlainError(`CHANGELOG.md must have the heading \`${UNRELEASED}\` once.`);
  if (changelog.includes(`\n## [${version}]`))
    throw new PlainError(`CHANGELOG.md has version ${version} already: release another version.`);
  const changes = after.split('\n## ')[0] ?? '';
  if (!/^- /m.test(changes))
    throw new PlainError(`CHANGELOG.md names no change under \`${UNRELEASED}\`: a release without a change is none.`);
  return `${before}${UNRELEASED}\n\n## [${version}] - ${date}\n${after}`;
}
