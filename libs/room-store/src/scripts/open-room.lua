-- Makes a game server the owner of a room whose game is starting. The room gets version 0 and a new epoch.
-- KEYS  1 record of the room  2 log  3 checkpoint
-- ARGV  1 id of the start  2 owner  3 incarnation  4 checkpoint ('' : the game has no stored state)  5 durability
--       6 game version ('' : not known)  7 format of the log
-- Returns {epoch, round, document of the room, revision, published message}: this call opened the room
--         {epoch, round, document of the room, revision}: this server had opened the room before
--         {'0'}: nothing is written, because the room has another start
local record = KEYS[1]
local room = redis.call('HMGET', record, 'status', 'start', 'owner', 'incarnation', 'epoch', 'round', 'doc', 'rev')
if room[2] ~= ARGV[1] then return { '0' } end
if room[1] == 'playing' and room[3] == ARGV[2] and room[4] == ARGV[3] then return { room[5], room[6], room[7], room[8] } end
if room[1] ~= 'starting' then return { '0' } end
local time = redis.call('TIME')
local epoch = string.format('%.0f', math.max((tonumber(room[5]) or 0) + 1, time[1] * 1000 + math.floor(time[2] / 1000)))
redis.call('HSET', record, 'status', 'playing', 'owner', ARGV[2], 'incarnation', ARGV[3], 'epoch', epoch,
  'version', 0, 'batch', '', 'durability', ARGV[5], 'gameVersion', ARGV[6])
if ARGV[7] == '1' then redis.call('HDEL', record, 'format') else redis.call('HSET', record, 'format', ARGV[7]) end
redis.call('HDEL', record, 'result', 'paused', 'suspect', 'poison', 'losses', 'takeovers')
redis.call('DEL', KEYS[2])
if ARGV[4] == '' then redis.call('DEL', KEYS[3]) else redis.call('SET', KEYS[3], ARGV[4]) end
-- The message contains all changed fields, so that gateways do not have to read the record of each game that starts.
local rev = string.format('%.0f', redis.call('HINCRBY', record, 'rev', 1))
local news = table.concat({ 'opened', rev, epoch, ARGV[3], ARGV[2], ARGV[5], ARGV[6] == '' and '-' or ARGV[6] }, ' ')
redis.call('PUBLISH', record, news)
return { epoch, room[6], room[7], rev, news }
