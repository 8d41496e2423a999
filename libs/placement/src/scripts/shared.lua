-- Prefix of every script of placement.
--
-- A server's record (hash):
--     incarnation              the incarnation that the other fields describe; absent: none is known, or the last was removed.
--     rooms players capacity   its facts, as last reported; rooms that were confirmed since are added.
--     standing                 the strategy's score of those facts.
--     reserved weight          outstanding reservations, and what they add to the score.
--     ramp handicap            a new server's addition to its score: at its first report, and now.
--     since                    Redis' time in ms at which this incarnation became known.
--     withheld                 reasons that withhold it, separated by spaces; empty: none.
--     order                    the order (sorted set) that contains it while it is eligible, with all servers of the same offers.
--     offers                   the offers of that order, separated by spaces.
--     removed                  the highest removed incarnation: neither it nor an older one may report again.
--
-- An offer (set): the orders whose servers accept rooms of one game, and of the version, region and build in the offer's name.
--
-- A reservation (field of one hash, by room): incarnation, weight and record of its server, separated by spaces. The weight is
-- `kept` once the server has opened the room, which then counts among that server's rooms. The lease is the room's entry in
-- `expiries`.
--
-- Invariants: a server is in its order, at the score standing + handicap + weight, exactly when it has an incarnation, no reason
-- withholds it, and rooms + reserved < capacity. An order is in all of its offers exactly when it contains a server. So each
-- score is written once, however many kinds of rooms the server accepts.

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function list(server, order)
  for offer in string.gmatch(redis.call('HGET', server, 'offers'), '%S+') do redis.call('SADD', offer, order) end
end

local function enter(server, order, score)
  if redis.call('ZADD', order, score, server) == 1 and redis.call('ZCARD', order) == 1 then list(server, order) end
end

local function leave(server, order)
  -- Before its first report, a server is in no order. An ACL and a Cluster refuse the empty key.
  if order == '' then return end
  if redis.call('ZREM', order, server) == 0 or redis.call('EXISTS', order) == 1 then return end
  for offer in string.gmatch(redis.call('HGET', server, 'offers'), '%S+') do redis.call('SREM', offer, order) end
end

-- Adds a server to its order or removes it, as its record says. Called after every change of a record. Returns whether the server
-- is eligible.
local function settle(server)
  local record = redis.call('HMGET', server, 'incarnation', 'rooms', 'reserved', 'capacity', 'withheld', 'standing', 'handicap', 'weight', 'order')
  -- A server has no order before its first report.
  if not record[1] or (record[9] or '') == '' then return false end
  local eligible = record[5] == '' and record[2] + record[3] < tonumber(record[4])
  if eligible then enter(server, record[9], record[6] + record[7] + record[8]) else leave(server, record[9]) end
  return eligible
end

-- Starts the record of a new incarnation without reservations and reasons, because those belonged to its predecessor. Only
-- reasons given before the first report under this name are kept.
local function begin(server, incarnation, now)
  local old = redis.call('HMGET', server, 'incarnation', 'order', 'withheld', 'removed')
  if old[2] then leave(server, old[2]) end
  local withheld = ''
  if not old[1] and not old[4] then withheld = old[3] or '' end
  redis.call('HSET', server, 'incarnation', incarnation, 'rooms', 0, 'players', 0, 'capacity', 0, 'standing', 0,
    'reserved', 0, 'weight', 0, 'ramp', 0, 'handicap', 0, 'since', now, 'withheld', withheld, 'order', '', 'offers', '')
  redis.call('PERSIST', server)
end

-- Compares an incarnation with the record under its name. Returns 'current', 'newer' (or the first), 'older', or 'removed'.
local function compare_incarnation(server, incarnation)
  local record = redis.call('HMGET', server, 'incarnation', 'removed')
  local given = tonumber(incarnation)
  if record[2] and given <= tonumber(record[2]) then return 'removed' end
  if not record[1] or given > tonumber(record[1]) then return 'newer' end
  if given < tonumber(record[1]) then return 'older' end
  return 'current'
end

-- Splits a reservation into incarnation, weight (or 'kept') and server.
local function terms_of(reservation)
  return string.match(reservation, '^(%S+) (%S+) (.+)$')
end

-- Subtracts reservations from a server, unless it has another incarnation by now.
local function give_back(server, incarnation, count, weight)
  local record = redis.call('HMGET', server, 'incarnation', 'reserved', 'weight')
  if record[1] ~= incarnation then return end
  redis.call('HSET', server, 'reserved', record[2] - count, 'weight', record[3] - weight)
  settle(server)
end

-- Deletes the reservations of rooms. Outstanding ones are subtracted, in one step per server. Returns the number deleted.
local function forget(reservations, rooms)
  local found, servers = 0, {}
  for _, reservation in ipairs(redis.call('HMGET', reservations, unpack(rooms))) do
    if reservation then
      found = found + 1
      local incarnation, weight, server = terms_of(reservation)
      if weight ~= 'kept' then
        local owner = incarnation .. ' ' .. server
        local back = servers[owner] or { server = server, incarnation = incarnation, count = 0, weight = 0 }
        back.count, back.weight = back.count + 1, back.weight + weight
        servers[owner] = back
      end
    end
  end
  if found > 0 then redis.call('HDEL', reservations, unpack(rooms)) end
  for _, back in pairs(servers) do give_back(back.server, back.incarnation, back.count, back.weight) end
  return found
end

-- Deletes at most `limit` expired reservations, so that no call pays for all of them. Returns the number deleted.
local function sweep(reservations, expiries, now, limit)
  local expired = redis.call('ZRANGEBYSCORE', expiries, '-inf', now, 'LIMIT', 0, limit)
  if #expired > 0 then
    -- Deletes the lease first, so that a reservation that cannot be subtracted fails only one call, and not every later sweep.
    redis.call('ZREM', expiries, unpack(expired))
    forget(reservations, expired)
  end
  return #expired
end
