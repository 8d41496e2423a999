-- Appends batches of changes to the logs of rooms. Each append needs the expected epoch, owner and version. A repeated call returns the same
-- answers and appends nothing, so the caller may repeat it after a lost reply.
-- KEYS  for each room: 1 record of the room  2 log
-- ARGV  for each room: 1 epoch  2 owner  3 incarnation  4 version before the batch  5 id of the batch  6 number of changes  7… changes
-- Returns a number for each room:
--         0 appended
--         1 fenced: the room has a higher epoch or another owner
--         2 behind: the store has an older epoch or version than the owner, because it lost data
--         3 missing: the room has no record
--         4 conflict: another writer with the same epoch has appended changes
-- Invariant: the last element of a log is the change that led to the version in the record. The log has no gaps. So the position of a change
-- determines its version.

-- Maximum number of changes in one RPUSH. `unpack` fails for long lists, because the size of Lua's stack is limited.
local PUSHED_MAX = 1000

local function append(record, log, first, last, expected, owner, incarnation, before, batch)
  local room = redis.call('HMGET', record, 'epoch', 'owner', 'incarnation', 'version', 'batch', 'status')
  if not room[1] then return 3 end
  local epoch, mine = tonumber(room[1]), tonumber(expected)
  if epoch > mine then return 1 end
  if epoch < mine then return 2 end
  if room[2] ~= owner or room[3] ~= incarnation or room[6] ~= 'playing' then return 1 end
  local after = string.format('%.0f', tonumber(before) + last - first + 1)
  if room[4] == before then
    for at = first, last, PUSHED_MAX do
      redis.call('RPUSH', log, unpack(ARGV, at, math.min(at + PUSHED_MAX - 1, last)))
    end
    redis.call('HSET', record, 'version', after, 'batch', batch)
    return 0
  end
  if room[4] == after and room[5] == batch then return 0 end
  if tonumber(room[4]) > tonumber(before) then return 4 end
  return 2
end

local answers, at = {}, 1
for index = 1, #KEYS / 2 do
  local first = at + 6
  local last = at + 5 + tonumber(ARGV[at + 5])
  answers[index] = append(KEYS[2 * index - 1], KEYS[2 * index], first, last, unpack(ARGV, at, at + 4))
  at = last + 1
end
return answers
