import './style/index.css';
import { App } from './app.js';

const root = document.querySelector<HTMLElement>('#app');
if (!root) throw new Error('The page has no #app.');
new App(root).start();
