import { assembleImage } from './assemble-image.mjs';

// The Dockerfile runs this file: node tools/image/run.mjs FOLDER
const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('Name the folder for the files of the image: node tools/image/run.mjs FOLDER');
await assembleImage(folder);
