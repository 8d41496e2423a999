import type { DescribedApi } from '#libs/admin';

export const SERVICE_API: DescribedApi = {
  prefix: 'service',
  title: 'Holdfast service API',
  description: 'Requests of services of the operator about rooms, on the ops port of any lobby.',
  acceptedTokens: 'the SERVICE_TOKEN',
};
