-- Writes the lobby's part of a room, if nobody changed the room since it was read.
-- KEYS  1 record
-- ARGV  1 rev it was read at ('' : the room must not exist)  2 doc  3 status ('' : as it is)  4 start ('' : as it is)  5 game
-- gives the new rev; 0 when another was faster
local record = KEYS[1]
local rev = redis.call('HGET', record, 'rev') or ''
if rev ~= ARGV[1] then return 0 end
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('HSET', record, 'doc', ARGV[2], 'since', now)
if ARGV[3] ~= '' then redis.call('HSET', record, 'status', ARGV[3]) end
if ARGV[4] ~= '' then redis.call('HSET', record, 'start', ARGV[4]) end
if rev == '' then
  -- From the clock, so that a room made again by the same id, after a store that forgot it, is never taken for an old view.
  rev = tonumber(now)
  redis.call('HSET', record, 'game', ARGV[5], 'rev', now, 'round', 0)
else
  rev = redis.call('HINCRBY', record, 'rev', 1)
end
redis.call('PUBLISH', record, string.format('%.0f', rev))
return rev
