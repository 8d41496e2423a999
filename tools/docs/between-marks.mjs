const BEGIN = '<!-- settings: written by npm run docs:settings -->';
const END = '<!-- /settings -->';

/**
 * Pure: returns the page with the table between the two marks of the page. Returns null when the page has no marks.
 *
 * @param {string} page @param {string} table
 * @returns {string | null}
 */
export function withTable(page, table) {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END, begin);
  if (begin < 0 || end < 0) return null;
  return `${page.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${page.slice(end)}`;
}
