import { Burger } from '@mantine/core';
import { Outlet, useRouterState } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { ActProvider } from '../acts/act-provider.js';
import { useFreshness } from '../api/freshness.js';
import { AccountMenu } from './account-menu.js';
import { Brand } from './brand.js';
import { FreshnessSign } from './freshness-sign.js';
import { Navigation } from './navigation.js';
import { StaleBanner } from './stale-banner.js';

/** The frame of every page: the name, the freshness of the facts, the navigation, the account. */
export function Shell() {
  const freshness = useFreshness();
  const [isNavigationOpen, setIsNavigationOpen] = useState(false);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const main = useRef<HTMLElement>(null);
  const shown = useRef(path);
  useEffect(() => {
    setIsNavigationOpen(false);
    // A screen reader reads the new page after a link was followed, as with a page of a server.
    if (shown.current !== path) main.current?.focus({ preventScroll: true });
    shown.current = path;
  }, [path]);
  return (
    <ActProvider>
      <div className="shell" data-stale={freshness.problem !== null || undefined}>
        <button type="button" className="skip" onClick={() => main.current?.focus()}>
          Skip to the page
        </button>
        <header>
          <Burger
            className="burger"
            size="sm"
            opened={isNavigationOpen}
            onClick={() => setIsNavigationOpen((is) => !is)}
            aria-label="Pages"
            aria-expanded={isNavigationOpen}
            aria-controls="pages"
          />
          <Brand />
          <FreshnessSign freshness={freshness} />
          <AccountMenu />
        </header>
        <StaleBanner freshness={freshness} />
        <Navigation isOpen={isNavigationOpen} />
        <main id="main" ref={main} tabIndex={-1}>
          <Outlet />
        </main>
      </div>
    </ActProvider>
  );
}
