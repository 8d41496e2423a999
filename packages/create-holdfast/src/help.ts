import { TEMPLATES } from './templates.js';

const width = Math.max(...TEMPLATES.map(({ name }) => name.length));

export const HELP = `Creates the project of a multiplayer game on Holdfast.

  npm create holdfast@latest [FOLDER] -- [options]

  FOLDER               an empty or new folder (my-game)
  -t, --template NAME  one of the templates below (turn-based)
  --name NAME          the name of the npm package (the name of the folder)
  -y, --yes            ask nothing: take the defaults in parentheses for all that is missing
  --no-install         do not install the packages
  -v, --version        print the version, which is also the version of Holdfast in the project
  -h, --help           print this help

Templates:
${TEMPLATES.map(({ name, description }) => `  ${name.padEnd(width)}  ${description}`).join('\n')}
`;
