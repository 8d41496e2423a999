// Gives this worker its own Redis. Jest numbers its workers from 1. With a single worker, the specs run in jest's own process, which has no
// number.
const urls = (process.env.HOLDFAST_TEST_REDIS_URLS ?? '').split(',');
const own = urls[(Number(process.env.JEST_WORKER_ID ?? 1) - 1) % urls.length];
if (own) process.env.HOLDFAST_TEST_REDIS_URL = own;
