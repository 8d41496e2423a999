// The client of this repository as a client under test: npm run conformance -- --client "node tools/conformance/node-client.mjs"
const { runNodeClient } = await import(new URL('../../dist/tools/conformance/src/node-client.js', import.meta.url).href);
runNodeClient(process.argv.slice(2));
