-- A server adopts a room whose owner is gone, or that was handed off to this server. The script raises the epoch, which fences every
-- earlier owner, and reads the room in one step.
-- KEYS  1 record  2 log  3 checkpoint
-- ARGV  1 expected epoch  2 expected owner  3 expected incarnation  4 new owner  5 its incarnation  6 lowest epoch to give
--       7 downtime of the room, in ms  8 the newest format of log and checkpoint that the new owner reads
--       9 the formats above 1 in which the new owner stores its games, each as GAME=FORMAT between spaces
-- Returns {epoch, version, batch, checkpoint or '', the changes of the log in one string, doc, round, start,
--          earlier downtime that no change records yet, in ms, the last input that cost the room an owner ('' : none),
--          how many owners its inputs cost, the room time now after a handoff to this owner ('' : there was none),
--          the takeovers so far, with this one unless it follows a handoff, each as EPOCH:VERSION, rev};
--         {'0', owner, incarnation, epoch, status} when the record is not as expected;
--         {'log'}, without a write, when this version cannot read the format of log and checkpoint;
--         the error of Redis, without a write, when Redis refuses to read the log.

-- Maximum number of takeovers in a record. When there are more, the two oldest are joined.
local TAKEOVERS_MAX = 32

local room = redis.call('HMGET', KEYS[1], 'epoch', 'owner', 'incarnation', 'version', 'batch', 'status', 'doc', 'round', 'start', 'paused',
  'suspect', 'poison', 'losses', 'format', 'handed', 'takeovers', 'game')
if room[1] ~= ARGV[1] or room[2] ~= ARGV[2] or room[3] ~= ARGV[3] or room[6] ~= 'playing' then
  return { '0', room[2] or '', room[3] or '', room[1] or '', room[6] or '' }
end
if tonumber(room[14] or '1') > tonumber(ARGV[8] or '1') then return { 'log' } end
-- The log is read before the first write, because the read can fail. No other write can come in between within one script.
local log = redis.pcall('LRANGE', KEYS[2], 0, -1)
if log.err then
  -- Early versions stored the log as a stream, which this version cannot read.
  if string.find(log.err, 'WRONGTYPE', 1, true) then return { 'log' } end
  return log
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local epoch = math.max(tonumber(room[1]) + 1, now, tonumber(ARGV[6]))
epoch = string.format('%.0f', epoch)
redis.call('HSET', KEYS[1], 'epoch', epoch, 'owner', ARGV[4], 'incarnation', ARGV[5])
-- The log may already have changes of a higher format, so this script never lowers the format.
local game = string.gsub(room[17] or '', '%-', '%%-')
local format = string.match(ARGV[9] or '', ' ' .. game .. '=(%d+) ')
if game ~= '' and format and tonumber(format) > tonumber(room[14] or '1') then redis.call('HSET', KEYS[1], 'format', format) end
-- The first change of an owner records the downtime. At the version of the last adoption, no change has recorded it yet.
local at, before = string.match(room[10] or '', '^(%d+):(%d+)$')
if at ~= room[4] then before = '0' end
local paused = string.format('%.0f', tonumber(before) + tonumber(ARGV[7]))
if paused ~= '0' then redis.call('HSET', KEYS[1], 'paused', room[4] .. ':' .. paused) end
-- The lost owner was handling the marked input when it was lost. A mark of an earlier owner does not count, and neither does an adoption
-- by the same incarnation.
local poison, losses = room[12] or '', tonumber(room[13]) or 0
local marked, input = string.match(room[11] or '', '^(%d+) (.*)$')
if marked == ARGV[1] and ARGV[3] ~= ARGV[5] then
  poison, losses = input, losses + 1
  redis.call('HSET', KEYS[1], 'poison', poison, 'losses', losses)
end
if room[11] then redis.call('HDEL', KEYS[1], 'suspect') end
-- After a handoff to this owner, the room time is the time at the handoff and the store time that has passed since.
local roomTime = ''
local handedAs, handedAt, roomThen = string.match(room[15] or '', '^(%d+) (%d+) (%d+)$')
if handedAs == ARGV[1] and ARGV[2] == ARGV[4] and ARGV[3] == ARGV[5] then
  roomTime = string.format('%.0f', tonumber(roomThen) + math.max(0, now - tonumber(handedAt)))
  redis.call('HSET', KEYS[1], 'handed', epoch .. ' ' .. handedAt .. ' ' .. roomThen)
elseif room[15] then
  redis.call('HDEL', KEYS[1], 'handed')
end
-- Changes beyond this version that the lost owner sent to clients are lost. A handoff loses nothing. Earlier takeovers at this version or
-- a later one are dropped, because their clients are rewound to this version now.
if roomTime == '' then
  local takeovers = {}
  for takenAs, takenAt in string.gmatch(room[16] or '', '(%d+):(%d+)') do
    if tonumber(takenAt) < tonumber(room[4]) then takeovers[#takeovers + 1] = { takenAs, takenAt } end
  end
  takeovers[#takeovers + 1] = { epoch, room[4] }
  if #takeovers > TAKEOVERS_MAX then
    -- Clients of both takeovers are rewound to the lower version of the two. A rewind that goes back too far does no harm.
    takeovers[2][2] = takeovers[1][2]
    table.remove(takeovers, 1)
  end
  for index, takeover in ipairs(takeovers) do takeovers[index] = takeover[1] .. ':' .. takeover[2] end
  room[16] = table.concat(takeovers, ' ')
  redis.call('HSET', KEYS[1], 'takeovers', room[16])
end
-- The message has all new values, so that gateways do not read the record of each of a thousand rooms.
local rev = string.format('%.0f', redis.call('HINCRBY', KEYS[1], 'rev', 1))
redis.call('PUBLISH', KEYS[1], 'adopted ' .. rev .. ' ' .. epoch .. ' ' .. ARGV[5] .. ' ' .. ARGV[4])
-- The log is one string, because a reply with a thousand parts is slow to read. MessagePack marks the end of each value itself.
return { epoch, room[4], room[5], redis.call('GET', KEYS[3]) or '', table.concat(log), room[7], room[8], room[9], before,
  poison, tostring(losses), roomTime, room[16] or '', rev }
