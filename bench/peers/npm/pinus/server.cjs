require('reflect-metadata');
const { pinus } = require('pinus');

// One process of three: pinus reads `serverType=master|connector|room` and more from the command line. It looks for app/ and
// config/ in its working directory.
const app = pinus.createApp({ base: process.cwd() });
app.set('name', 'pair');
app.configure('production', 'connector', () => {
  app.set('connectorConfig', { connector: pinus.connectors.hybridconnector });
});
app.start((error) => {
  if (error) throw error;
  process.send?.('ready');
});

// The process ends with the bench that started it.
process.on('disconnect', () => process.exit());
