/** @type {typeof import('@nestjs/common')} */
const nest = await import(new URL('../../dist/node_modules/@nestjs/common/index.js', import.meta.url).href);

/** The copy of Nest that the servers in dist/ use. An import of `@nestjs/common` would load a second copy. */
export const { Injectable, Module } = nest;
