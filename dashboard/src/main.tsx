import './styles/mantine.css';
import './styles/theme.css';
import './styles/layout.css';
import './styles/parts.css';
import './styles/tables.css';
import './styles/replay.css';
import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api/query-client.js';
import { router } from './router.js';
import { SessionGate } from './session/session-gate.js';
import { theme } from './theme.js';

createRoot(document.getElementById('dashboard') as HTMLElement).render(
  <StrictMode>
    {/* Mantine would write its variables into a <style>, which the Content-Security-Policy forbids. styles/theme.css has them instead. */}
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      colorSchemeManager={localStorageColorSchemeManager({ key: 'holdfast-color-scheme' })}
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <QueryClientProvider client={queryClient}>
        <Notifications position="bottom-right" />
        <SessionGate>
          <RouterProvider router={router} />
        </SessionGate>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
