-- Writes the document of a room for a lobby, if the record has not changed since the lobby read it.
-- KEYS  1 record of the room
-- ARGV  1 revision that the lobby read ('' : the room must not exist)  2 document  3 status ('' : unchanged)
--       4 id of the start ('' : unchanged)  5 game
--       6 maximum size of a document that the script publishes, in bytes; of a larger document, it publishes only the revision
--       7 '1': the room is private, '0': it is public; stored in a separate field, because the sweep reads it for every room
-- Returns {new revision, store time in ms}
--         {}: nothing is written, because the record has changed
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
  -- The first revision is the store time in ms. So a room that is created again under the same id has a higher revision than before.
  rev = now
  redis.call('HSET', record, 'doc', ARGV[2], 'since', now, 'status', status, 'start', start, 'game', ARGV[5], 'rev', rev, 'round', 0, 'private', ARGV[7])
  redis.call('PUBLISH', record, rev)
  return { rev, now }
end
rev = string.format('%.0f', tonumber(rev) + 1)
redis.call('HSET', record, 'doc', ARGV[2], 'since', now, 'status', status, 'start', start, 'rev', rev, 'private', ARGV[7])
local news = rev
if #ARGV[2] <= tonumber(ARGV[6]) then
  news = table.concat({ 'saved', rev, now, status, start == '' and '-' or start, ARGV[2] }, ' ')
end
redis.call('PUBLISH', record, news)
return { rev, now }
