-- Chooses servers for rooms and reserves places on them, in one step; one room after the other, as if each were asked for
-- alone.
--
-- KEYS  1 expiries  then for each room: the offer for its game, its reservation
-- ARGV  1 claim, ms  2 'lowest' or 'highest'
--       then for each room: its weight, a lot in [0, 1) to break ties, how many servers it is not to have, their records
-- Answers for each room, in order: record of the server, incarnation, 'new' or 'again'; '', '', '' when none is willing.
--
-- 'again': the room had a reservation already; its lease is renewed.

local expiries, claim_ms = KEYS[1], tonumber(ARGV[1])
local first = ARGV[2] == 'highest' and 'ZREVRANGE' or 'ZRANGE'
local now = now_ms()
local rooms = (#KEYS - 1) / 2

-- Two for each one made keep up with any rate; the rest is slack after a pause.
sweep(expiries, now, 16 + 2 * rooms)

-- Most calls are for rooms that have no reservation yet, which one look tells; and leases come before what they are for, so
-- that whatever fails after this is swept up.
local reservations, leases = {}, {}
for room = 1, rooms do
  local reservation = KEYS[2 * room + 1]
  reservations[room] = reservation
  leases[2 * room - 1], leases[2 * room] = now + claim_ms, reservation
end
local is_any_held = redis.call('EXISTS', unpack(reservations)) > 0
-- None has a reservation, nor a lease of before, nor is any asked for twice: then each has its lease from here on. Any other
-- is looked at by itself, since its lease may be taken away before its turn comes.
local are_all_new = redis.call('ZADD', expiries, 'NX', unpack(leases)) == rooms and not is_any_held

-- Whether the room keeps the place that it has.
local function keeps(reservation, server, incarnation, excluded)
  if excluded[server] then return false end
  if redis.call('HGET', server, 'incarnation') ~= incarnation then return false end
  return tonumber(redis.call('ZSCORE', expiries, reservation) or 0) > now
end

-- The excluded leave the order for the length of a choice; their scores in it are added to `scores`.
local function hide(offer, excluded, scores)
  for record in pairs(excluded) do
    local score = redis.call('ZSCORE', offer, record)
    if score then
      scores[record] = score
      redis.call('ZREM', offer, record)
    end
  end
end

local function best(offer, lot, excluded, scores)
  local two = redis.call(first, offer, 0, 1, 'WITHSCORES')
  -- All full: what has expired unnoticed may be just the place that is wanted.
  while not two[1] and sweep(expiries, now, 128) > 0 do
    -- Theirs may be among the places that were freed.
    hide(offer, excluded, scores)
    two = redis.call(first, offer, 0, 1, 'WITHSCORES')
  end
  if two[2] ~= two[4] then return two[1] end
  if not two[1] then return nil end
  local rank = math.floor(lot * redis.call('ZCOUNT', offer, two[2], two[2]))
  return rank < 2 and two[2 * rank + 1] or redis.call(first, offer, rank, rank)[1]
end

local function best_but(offer, lot, excluded)
  local scores = {}
  hide(offer, excluded, scores)
  local server = best(offer, lot, excluded, scores)
  for record, score in pairs(scores) do redis.call('ZADD', offer, score, record) end
  return server
end

local function place(offer, reservation, weight, lot, excluded)
  if not are_all_new then
    local held = redis.call('HMGET', reservation, 'server', 'incarnation')
    local is_kept = held[1] and keeps(reservation, held[1], held[2], excluded)
    if held[1] and not is_kept then forget(reservation, expiries) end
    redis.call('ZADD', expiries, now + claim_ms, reservation)
    if is_kept then return held[1], held[2], 'again' end
  end
  local server = best_but(offer, lot, excluded)
  if not server then
    redis.call('ZREM', expiries, reservation)
    return '', '', ''
  end
  local incarnation = settle(server, 1, weight)
  redis.call('HSET', reservation, 'server', server, 'incarnation', incarnation, 'weight', weight, 'counted', 1)
  return server, incarnation, 'new'
end

local answers, at = {}, 3
for room = 1, rooms do
  local weight, lot, count = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local excluded = {}
  for index = at + 3, at + 2 + count do excluded[ARGV[index]] = true end
  at = at + 3 + count
  local server, incarnation, how = place(KEYS[2 * room], KEYS[2 * room + 1], weight, lot, excluded)
  local answer = #answers
  answers[answer + 1], answers[answer + 2], answers[answer + 3] = server, incarnation, how
end
return answers
