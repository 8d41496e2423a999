require('reflect-metadata');
const { pinus } = require('pinus');

// One process of three: `serverType=master|connector|room` and the rest of what pinus itself reads from the command line.
// It looks for app/ and config/ in the folder it is started in.
const app = pinus.createApp({ base: process.cwd() });
app.set('name', 'pair');
app.configure('production', 'connector', () => {
  app.set('connectorConfig', { connector: pinus.connectors.hybridconnector });
});
app.start((error) => {
  if (error) throw error;
  process.send?.('ready');
});

// Nothing outlives the bench that started it.
process.on('disconnect', () => process.exit());
