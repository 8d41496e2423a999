-- Reads the tickets that changed after a given change, in the order of the changes.
-- KEYS  1 tickets  2 changes  3 away (see `ticket-functions.lua`)
-- ARGV  1 number of the last change that the caller has read  2 maximum number of tickets
-- Returns four values for each ticket: ticket, number of its last change, "SINCE JSON" ('' : the ticket has ended), and a JSON object with
-- the presence reports of its users ('' : none)
local found = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
if #found == 0 then return {} end
local ids = {}
for index = 1, #found, 2 do ids[#ids + 1] = found[index] end
local stored = redis.call('HMGET', KEYS[1], unpack(ids))
local away = redis.call('HMGET', KEYS[3], unpack(ids))
local changes = {}
for index, id in ipairs(ids) do
  local at = 4 * index - 3
  changes[at], changes[at + 1], changes[at + 2], changes[at + 3] = id, found[2 * index], stored[index] or '', away[index] or ''
end
return changes
