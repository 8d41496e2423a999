import { QueryClient } from '@tanstack/react-query';

export const queryClient = new QueryClient({
  defaultOptions: {
    // A failed poll is repeated by the next poll. The page shows the failure at once, and keeps the old facts.
    queries: { retry: false, networkMode: 'always', staleTime: 1_000, gcTime: 300_000 },
    mutations: { retry: false, networkMode: 'always' },
  },
});
