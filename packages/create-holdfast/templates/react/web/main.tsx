import { compact } from '@holdfast/client/compact';
import { HoldfastProvider } from '@holdfast/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.js';

const gateway = `${location.origin.replace('http', 'ws')}/play`;
// Each tab stores its session, so a player who reloads the page is still in the same room.
const options = { compact, storage: sessionStorage };

createRoot(document.querySelector('#root')!).render(
  <StrictMode>
    <HoldfastProvider url={gateway} options={options}>
      <App />
    </HoldfastProvider>
  </StrictMode>,
);
