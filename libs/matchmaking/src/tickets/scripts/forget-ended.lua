-- Deletes ended tickets from the list of changes, after the runner of the matchmaking rounds has read them.
-- KEYS  1 tickets  2 changes (see `ticket-functions.lua`)
-- ARGV  1… tickets
for _, ticket in ipairs(ARGV) do
  if redis.call('HEXISTS', KEYS[1], ticket) == 0 then redis.call('ZREM', KEYS[2], ticket) end
end
