-- Removes ended tickets from the list of changes, once the runner of the rounds has read them.
-- KEYS  1 tickets  2 changes
-- ARGV  the tickets
for _, ticket in ipairs(ARGV) do
  if redis.call('HEXISTS', KEYS[1], ticket) == 0 then redis.call('ZREM', KEYS[2], ticket) end
end
