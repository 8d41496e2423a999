/** Resolves './x.js' to './x.ts'. The sources import './x.js', because Node's ESM requires it, but Jest loads the TypeScript file. */
/** @type {import('jest-resolve').SyncResolver} */
module.exports = (request, options) => {
  const ownRelative = /^\.{1,2}\//.test(request) && request.endsWith('.js') && !options.basedir.includes('node_modules');
  if (ownRelative) {
    try {
      return options.defaultResolver(request.replace(/\.js$/, '.ts'), options);
    } catch {
      // There is no .ts file with this name, so the import means a real .js file.
    }
  }
  return options.defaultResolver(request, options);
};
