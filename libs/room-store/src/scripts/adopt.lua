-- A new owner takes a room whose owner is gone: fenced and read in one step.
-- KEYS  1 record  2 log  3 checkpoint
-- ARGV  1 epoch expected  2 owner expected  3 incarnation expected  4 new owner  5 its incarnation  6 lowest epoch to give
--       7 for how long nobody has owned it, in ms  8 the newest form of log and checkpoint that the new owner reads
-- gives {epoch, version, batch, checkpoint or '', changes of the log one after the other, doc, round, start,
--       how long nobody owned it before that and no change says so yet, in ms, the last input that cost the room an owner ('' : none),
--       how many owners its inputs cost, the room's time now if it was handed to this owner by plan ('' : it was not),
--       the takeovers so far and this one, each as EPOCH:VERSION, rev}; {'0', …} where the record is not as expected:
--       {'0', owner, incarnation, epoch, status}; {'log'} and nothing is written where the log is of a kind this version cannot read
-- More takeovers than this are joined, the oldest first.
local TAKEOVERS_MAX = 32

local room = redis.call('HMGET', KEYS[1], 'epoch', 'owner', 'incarnation', 'version', 'batch', 'status', 'doc', 'round', 'start', 'paused',
  'suspect', 'poison', 'losses', 'format', 'handed', 'takeovers')
if room[1] ~= ARGV[1] or room[2] ~= ARGV[2] or room[3] ~= ARGV[3] or room[6] ~= 'playing' then
  return { '0', room[2] or '', room[3] or '', room[1] or '', room[6] or '' }
end
if tonumber(room[14] or '1') > tonumber(ARGV[8] or '1') then return { 'log' } end
-- Read first, in case it cannot be; nobody can write between this and the fence, which both stand in one script.
local log = redis.pcall('LRANGE', KEYS[2], 0, -1)
if log.err then return { 'log' } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local epoch = math.max(tonumber(room[1]) + 1, now, tonumber(ARGV[6]))
epoch = string.format('%.0f', epoch)
redis.call('HSET', KEYS[1], 'epoch', epoch, 'owner', ARGV[4], 'incarnation', ARGV[5])
-- An owner's first change says how long the room was without one. At the version it was adopted at, it has not been made.
local at, before = string.match(room[10] or '', '^(%d+):(%d+)$')
if at ~= room[4] then before = '0' end
local paused = string.format('%.0f', tonumber(before) + tonumber(ARGV[7]))
if paused ~= '0' then redis.call('HSET', KEYS[1], 'paused', room[4] .. ':' .. paused) end
-- The lost owner was handling this input when it was lost. Nobody else's mark counts, nor one that I left myself.
local poison, losses = room[12] or '', tonumber(room[13]) or 0
local marked, input = string.match(room[11] or '', '^(%d+) (.*)$')
if marked == ARGV[1] and ARGV[3] ~= ARGV[5] then
  poison, losses = input, losses + 1
  redis.call('HSET', KEYS[1], 'poison', poison, 'losses', losses)
end
if room[11] then redis.call('HDEL', KEYS[1], 'suspect') end
-- As long as nobody else takes it, the room's time is what it was when it was handed over, and what has passed since.
local roomTime = ''
local handedAs, handedAt, roomThen = string.match(room[15] or '', '^(%d+) (%d+) (%d+)$')
if handedAs == ARGV[1] and ARGV[2] == ARGV[4] and ARGV[3] == ARGV[5] then
  roomTime = string.format('%.0f', tonumber(roomThen) + math.max(0, now - tonumber(handedAt)))
  redis.call('HSET', KEYS[1], 'handed', epoch .. ' ' .. handedAt .. ' ' .. roomThen)
elseif room[15] then
  redis.call('HDEL', KEYS[1], 'handed')
end
-- What the lost owner told beyond this version is undone. A room that is handed over by plan loses nothing. One that had been
-- taken up at this version or a later one adds nothing: for whoever heard of it then, the version now is the earlier one.
if roomTime == '' then
  local takeovers = {}
  for takenAs, takenAt in string.gmatch(room[16] or '', '(%d+):(%d+)') do
    if tonumber(takenAt) < tonumber(room[4]) then takeovers[#takeovers + 1] = { takenAs, takenAt } end
  end
  takeovers[#takeovers + 1] = { epoch, room[4] }
  if #takeovers > TAKEOVERS_MAX then
    -- Whoever heard of either is told the earlier version of both: too far back does no harm.
    takeovers[2][2] = takeovers[1][2]
    table.remove(takeovers, 1)
  end
  for index, takeover in ipairs(takeovers) do takeovers[index] = takeover[1] .. ':' .. takeover[2] end
  room[16] = table.concat(takeovers, ' ')
  redis.call('HSET', KEYS[1], 'takeovers', room[16])
end
-- All that is new stands in the message, so that no gateway need read the record of each of a thousand rooms.
local rev = string.format('%.0f', redis.call('HINCRBY', KEYS[1], 'rev', 1))
redis.call('PUBLISH', KEYS[1], 'adopted ' .. rev .. ' ' .. epoch .. ' ' .. ARGV[5] .. ' ' .. ARGV[4])
-- One string, since MessagePack says itself where a value ends, and a reply of a thousand parts is slow to read.
return { epoch, room[4], room[5], redis.call('GET', KEYS[3]) or '', table.concat(log), room[7], room[8], room[9], before,
  poison, tostring(losses), roomTime, room[16] or '', rev }
