/** @type {typeof import('@nestjs/common')} */
const nest = await import(new URL('../../dist/node_modules/@nestjs/common/index.js', import.meta.url).href);

/** Nest as the servers in dist/ have it: another copy would be loaded beside it, file by file. */
export const { Module } = nest;
