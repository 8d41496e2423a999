-- In front of every verb of placement.
--
-- A server's record (hash):
--   incarnation              of the process the rest is about; absent: none has reported since the last was removed
--   rooms players capacity   its facts, as last reported; rooms it has taken since count as well
--   standing                 its place in the order by those facts (the strategy's score)
--   reserved weight          reservations outstanding, and what they add to the score
--   ramp handicap since      a newcomer's handicap at first and now; when it was first heard (Redis' time, ms)
--   withheld                 reasons not to offer it, separated by spaces; empty: none
--   offers                   the offers (sorted sets) it belongs in when willing, separated by spaces
--   removed                  the highest incarnation that was removed: neither it nor an older one comes back
--
-- A reservation (hash): server (the key of its record), incarnation, weight, counted (1 until the server has the room).
--
-- Invariant: a server is in all of its offers, at the score standing + handicap + weight, exactly when it has an
-- incarnation, no reason to be withheld, and rooms + reserved < capacity.

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Puts a server into its offers, or takes it out, as its record says, with so many reservations more and what they weigh.
-- Called after every change of a record. Answers its incarnation.
local function settle(server, reserved, weight)
  local record = redis.call('HMGET', server, 'incarnation', 'rooms', 'reserved', 'capacity', 'withheld', 'standing', 'handicap', 'weight', 'offers')
  if not record[1] then return end
  if reserved then
    record[3], record[8] = record[3] + reserved, record[8] + weight
    redis.call('HSET', server, 'reserved', record[3], 'weight', record[8])
  end
  local willing = record[5] == '' and record[2] + record[3] < tonumber(record[4])
  local score = record[6] + record[7] + record[8]
  for offer in string.gmatch(record[9], '%S+') do
    if willing then redis.call('ZADD', offer, score, server) else redis.call('ZREM', offer, server) end
  end
  return record[1]
end

-- Begins the record of a new incarnation. It starts with nothing reserved and nothing held against it: what was said of
-- its predecessor died with that. Only what was said before anybody reported under this name is kept.
local function begin(server, incarnation, now)
  local old = redis.call('HMGET', server, 'incarnation', 'offers', 'withheld', 'removed')
  for offer in string.gmatch(old[2] or '', '%S+') do redis.call('ZREM', offer, server) end
  local withheld = ''
  if not old[1] and not old[4] then withheld = old[3] or '' end
  redis.call('HSET', server, 'incarnation', incarnation, 'rooms', 0, 'players', 0, 'capacity', 0, 'standing', 0,
    'reserved', 0, 'weight', 0, 'ramp', 0, 'handicap', 0, 'since', now, 'withheld', withheld, 'offers', '')
  redis.call('PERSIST', server)
end

-- 'current', 'newer' (or the first), 'older', or 'removed': how an incarnation stands to the record under its name.
local function standing_of(server, incarnation)
  local record = redis.call('HMGET', server, 'incarnation', 'removed')
  local asked = tonumber(incarnation)
  if record[2] and asked <= tonumber(record[2]) then return 'removed' end
  if not record[1] or asked > tonumber(record[1]) then return 'newer' end
  if asked < tonumber(record[1]) then return 'older' end
  return 'current'
end

-- The count of a reservation goes back to its server, unless that server has the room or is another incarnation by now.
local function give_back(reservation)
  local record = redis.call('HMGET', reservation, 'server', 'incarnation', 'weight', 'counted')
  if record[4] ~= '1' or redis.call('HGET', record[1], 'incarnation') ~= record[2] then return nil end
  redis.call('HSET', reservation, 'counted', 0)
  redis.call('HINCRBY', record[1], 'reserved', -1)
  -- Not -record[3]: the minus of nothing is -0, which Redis takes for no number.
  redis.call('HINCRBY', record[1], 'weight', 0 - record[3])
  return record[1], record[3]
end

local function forget(reservation, expiries)
  -- First, so that one that could not be given back would fail one call, and not every sweep from then on.
  redis.call('ZREM', expiries, reservation)
  local server = give_back(reservation)
  redis.call('DEL', reservation)
  if server then settle(server) end
end

-- Forgets at most `limit` of the expired reservations, so that no call pays for all. Answers how many.
local function sweep(expiries, now, limit)
  local expired = redis.call('ZRANGEBYSCORE', expiries, '-inf', now, 'LIMIT', 0, limit)
  for _, reservation in ipairs(expired) do forget(reservation, expiries) end
  return #expired
end
