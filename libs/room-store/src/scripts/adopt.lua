-- Makes a server the owner of a room. The earlier owner is dead, or it handed the room off to this server. The new epoch fences all earlier
-- owners. The script also reads the room, so that no write can happen in between.
-- KEYS  1 record of the room  2 log  3 checkpoint
-- ARGV  1 expected epoch  2 expected owner  3 expected incarnation  4 new owner  5 incarnation of the new owner
--       6 lower limit of the new epoch  7 downtime of the room in ms  8 newest format of log and checkpoint that the new owner can read
--       9 formats above 1 that the new owner writes: GAME=FORMAT for each game, with a space before and after each
-- Returns a list: 1 new epoch  2 version  3 id of the last batch  4 checkpoint ('' : none)  5 changes of the log, joined to one string
--         6 document of the room  7 round  8 id of the start  9 earlier downtime in ms that no change has recorded yet
--         10 the last input that made an owner fail ('' : none)  11 number of owners that failed because of inputs
--         12 room time in ms, after a handoff to this server ('' : no handoff)
--         13 takeovers, each as EPOCH:VERSION  14 revision of the record
--         {'0', owner, incarnation, epoch, status}: nothing is written, because the room has another epoch or owner, or no game
--         {'log'}: nothing is written, because this version of Holdfast cannot read the log or the checkpoint
--         an error of Redis: nothing is written, because Redis could not read the log
-- A takeover is an adoption without a handoff. From the takeovers, a client learns which of its versions are lost.

-- Maximum number of takeovers in a record. When there is one more, the script merges the two oldest ones.
local TAKEOVERS_MAX = 32

local room = redis.call('HMGET', KEYS[1], 'epoch', 'owner', 'incarnation', 'version', 'batch', 'status', 'doc', 'round', 'start', 'paused',
  'suspect', 'poison', 'losses', 'format', 'handed', 'takeovers', 'game')
if room[1] ~= ARGV[1] or room[2] ~= ARGV[2] or room[3] ~= ARGV[3] or room[6] ~= 'playing' then
  return { '0', room[2] or '', room[3] or '', room[1] or '', room[6] or '' }
end
if tonumber(room[14] or '1') > tonumber(ARGV[8] or '1') then return { 'log' } end
-- Reads the log before the first write, because the read can fail. Redis runs no other command during a script, so the log cannot change.
local log = redis.pcall('LRANGE', KEYS[2], 0, -1)
if log.err then
  -- Early versions of Holdfast stored the log as a stream. This version cannot read it.
  if string.find(log.err, 'WRONGTYPE', 1, true) then return { 'log' } end
  return log
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local epoch = math.max(tonumber(room[1]) + 1, now, tonumber(ARGV[6]))
epoch = string.format('%.0f', epoch)
redis.call('HSET', KEYS[1], 'epoch', epoch, 'owner', ARGV[4], 'incarnation', ARGV[5])
-- Never lowers the format of the room, because the log can contain changes of the higher format.
local game = string.gsub(room[17] or '', '%-', '%%-')
local format = string.match(ARGV[9] or '', ' ' .. game .. '=(%d+) ')
if game ~= '' and format and tonumber(format) > tonumber(room[14] or '1') then redis.call('HSET', KEYS[1], 'format', format) end
-- The first change of an owner records the downtime in the log. `paused` is "VERSION:MS" and stores the downtime until then. If the room
-- still has the version of the last adoption, the earlier downtime is added to the new one.
local at, before = string.match(room[10] or '', '^(%d+):(%d+)$')
if at ~= room[4] then before = '0' end
local paused = string.format('%.0f', tonumber(before) + tonumber(ARGV[7]))
if paused ~= '0' then redis.call('HSET', KEYS[1], 'paused', room[4] .. ':' .. paused) end
-- The field `suspect` marks the input that the owner was running for too long. If the owner failed during that input, counts a failure. The
-- mark of an earlier owner does not count. An adoption by the same incarnation does not count, because that owner did not fail.
local poison, losses = room[12] or '', tonumber(room[13]) or 0
local marked, input = string.match(room[11] or '', '^(%d+) (.*)$')
if marked == ARGV[1] and ARGV[3] ~= ARGV[5] then
  poison, losses = input, losses + 1
  redis.call('HSET', KEYS[1], 'poison', poison, 'losses', losses)
end
if room[11] then redis.call('HDEL', KEYS[1], 'suspect') end
-- After a handoff to this owner, the room time is the room time of the handoff plus the store time elapsed since then.
local roomTime = ''
local handedAs, handedAt, roomThen = string.match(room[15] or '', '^(%d+) (%d+) (%d+)$')
if handedAs == ARGV[1] and ARGV[2] == ARGV[4] and ARGV[3] == ARGV[5] then
  roomTime = string.format('%.0f', tonumber(roomThen) + math.max(0, now - tonumber(handedAt)))
  redis.call('HSET', KEYS[1], 'handed', epoch .. ' ' .. handedAt .. ' ' .. roomThen)
elseif room[15] then
  redis.call('HDEL', KEYS[1], 'handed')
end
-- A takeover can lose changes that the earlier owner sent to clients: those above the version in the record. A handoff loses nothing. Drops
-- earlier takeovers at this version or above it, because this takeover rewinds each client at least as far as they would.
if roomTime == '' then
  local takeovers = {}
  for takenAs, takenAt in string.gmatch(room[16] or '', '(%d+):(%d+)') do
    if tonumber(takenAt) < tonumber(room[4]) then takeovers[#takeovers + 1] = { takenAs, takenAt } end
  end
  takeovers[#takeovers + 1] = { epoch, room[4] }
  if #takeovers > TAKEOVERS_MAX then
    -- Merges the two oldest takeovers. The result has the lower one of their versions, so some clients are rewound too far. This does no
    -- harm.
    takeovers[2][2] = takeovers[1][2]
    table.remove(takeovers, 1)
  end
  for index, takeover in ipairs(takeovers) do takeovers[index] = takeover[1] .. ':' .. takeover[2] end
  room[16] = table.concat(takeovers, ' ')
  redis.call('HSET', KEYS[1], 'takeovers', room[16])
end
-- The message contains all changed fields, so that a gateway with a thousand of these rooms does not have to read each record.
local rev = string.format('%.0f', redis.call('HINCRBY', KEYS[1], 'rev', 1))
redis.call('PUBLISH', KEYS[1], 'adopted ' .. rev .. ' ' .. epoch .. ' ' .. ARGV[5] .. ' ' .. ARGV[4])
-- Joins the log to one string, because a reply with thousands of elements is slow to parse. The reader can split it, because each value of
-- MessagePack shows where it ends.
return { epoch, room[4], room[5], redis.call('GET', KEYS[3]) or '', table.concat(log), room[7], room[8], room[9], before,
  poison, tostring(losses), roomTime, room[16] or '', rev }
