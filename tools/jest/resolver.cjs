/** Our sources import './x.js', as Node's ESM demands; under Jest the file is still './x.ts'. */
/** @type {import('jest-resolve').SyncResolver} */
module.exports = (request, options) => {
  const ownRelative = /^\.{1,2}\//.test(request) && request.endsWith('.js') && !options.basedir.includes('node_modules');
  if (ownRelative) {
    try {
      return options.defaultResolver(request.replace(/\.js$/, '.ts'), options);
    } catch {
      // a real .js file, then
    }
  }
  return options.defaultResolver(request, options);
};
