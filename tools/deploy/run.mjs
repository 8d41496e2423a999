import { writeManifests } from './render-manifests.mjs';

// Renders deploy/kubernetes from the chart: node tools/deploy/run.mjs
await writeManifests();
