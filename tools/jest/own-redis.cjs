// Gives this worker its own Redis. Worker numbers start at 1. A single worker is jest itself and has no number.
const urls = (process.env.HOLDFAST_TEST_REDIS_URLS ?? '').split(',');
const own = urls[(Number(process.env.JEST_WORKER_ID ?? 1) - 1) % urls.length];
if (own) process.env.HOLDFAST_TEST_REDIS_URL = own;
