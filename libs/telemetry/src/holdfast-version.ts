/** The version of Holdfast in this process, which is also the version of its packages. `npm run release` changes it. */
export const HOLDFAST_VERSION = '0.2.0-dev';
