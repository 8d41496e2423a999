import { useQuery } from '@tanstack/react-query';
import { Link, type LinkProps, useRouterState } from '@tanstack/react-router';
import { incidentsQuery } from '../api/queries.js';

const PAGES: readonly { readonly to: LinkProps['to']; readonly title: string }[] = [
  { to: '/', title: 'Fleet' },
  { to: '/incidents', title: 'Incidents' },
  { to: '/rooms', title: 'Rooms' },
  { to: '/players', title: 'Players' },
  { to: '/queues', title: 'Matchmaking' },
  { to: '/charts', title: 'Charts' },
  { to: '/events', title: 'Events' },
  { to: '/audit', title: 'Audit' },
];

/** The list of pages: a column at the left, or below the header of a phone. */
export function Navigation({ isOpen }: { readonly isOpen: boolean }) {
  const { data } = useQuery(incidentsQuery);
  const isServer = useRouterState({ select: ({ location }) => location.pathname.startsWith('/servers/') });
  const open = data?.incidents.filter(({ endedAt }) => endedAt === null).length ?? 0;
  return (
    <nav id="pages" aria-label="Pages" data-open={isOpen || undefined}>
      <ul>
        {PAGES.map(({ to, title }) => (
          <li key={title}>
            <Link
              to={to}
              activeOptions={{ exact: to === '/', includeSearch: false }}
              activeProps={{ 'aria-current': 'page' }}
              {...(to === '/' && isServer && { 'aria-current': 'true' })}
            >
              {title}
              {title === 'Incidents' && open > 0 && (
                <span className="count">
                  {open}
                  <span className="only-read"> not over</span>
                </span>
              )}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
