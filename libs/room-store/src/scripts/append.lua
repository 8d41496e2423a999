-- Appends a batch of changes to the log of each room. Each append is fenced by epoch and owner, and needs the expected version.
-- A call that is repeated after a lost reply returns the same answer.
-- KEYS  of each room: 1 record  2 log
-- ARGV  of each room: 1 epoch  2 owner  3 incarnation  4 version before  5 batch id  6 number of changes  7 … the changes
-- Returns for each room:
--         0 ok  1 fenced  2 behind (the store has less than the owner)  3 missing  4 conflict (another writer with the same epoch)
-- Invariant: the last element of a log is the change that led to the record's version, and no version is missing before it.
-- So the version of a change follows from its position.

-- Maximum number of changes in one RPUSH, because `unpack` is limited by the size of Lua's stack.
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
