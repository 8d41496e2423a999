-- Writes the lobby's part of a room, if nobody changed the room since it was read.
-- KEYS  1 record
-- ARGV  1 rev it was read at ('' : the room must not exist)  2 doc  3 status ('' : as it is)  4 start ('' : as it is)  5 game
--       6 the longest doc that is told to all who follow the room, in bytes; of a longer one they hear that there is one
--       7 '1': the room is private, '0': it is public; kept in a field of its own when the room is created, because the
--         sweeper asks for it of every room
-- gives {new rev, since}; {} when another was faster
local record = KEYS[1]
local room = redis.call('HMGET', record, 'rev', 'status', 'start')
local rev = room[1] or ''
if rev ~= ARGV[1] then return {} end
local status, start = ARGV[3], ARGV[4]
if status == '' then status = room[2] or '' end
if start == '' then start = room[3] or '' end
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
if rev == '' then
  -- From the clock, so that a room made again by the same id, after a store that forgot it, is never taken for an old view.
  rev = now
  redis.call('HSET', record, 'doc', ARGV[2], 'since', now, 'status', status, 'start', start, 'game', ARGV[5], 'rev', rev, 'round', 0, 'private', ARGV[7])
  redis.call('PUBLISH', record, rev)
  return { rev, now }
end
rev = string.format('%.0f', tonumber(rev) + 1)
redis.call('HSET', record, 'doc', ARGV[2], 'since', now, 'status', status, 'start', start, 'rev', rev)
local news = rev
if #ARGV[2] <= tonumber(ARGV[6]) then
  news = table.concat({ 'saved', rev, now, status, start == '' and '-' or start, ARGV[2] }, ' ')
end
redis.call('PUBLISH', record, news)
return { rev, now }
