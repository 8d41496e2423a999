-- Data and functions that all scripts of placement share.
--
-- The record of a server (hash) has these fields:
--     incarnation              the incarnation that the other fields describe; absent: no incarnation is known
--     rooms players capacity   numbers from the last report; `rooms` also counts the rooms confirmed since that report
--     standing                 the score that the placement strategy computed from the last report
--     reserved weight          number of reserved slots, and the score that they add
--     ramp handicap            the score added to a new server: at its first report, and now
--     since                    store time in ms at which this incarnation became known
--     withheld                 reasons for which the server gets no rooms, separated by spaces; empty: none
--     order                    name of the order that contains the server while the server is eligible
--     offers                   names of the offers of that order, separated by spaces
--     removed                  the highest removed incarnation; this incarnation and older ones cannot report
--
-- An order is a sorted set of servers by score. All servers of an order have the same offers.
--
-- An offer is a set of orders. The servers of these orders accept rooms of one game, version, region and build, which the name of the offer
-- contains.
--
-- The reservations are one hash by room. Each value has the incarnation, the weight and the record of a server, separated by spaces. The
-- weight is the score that the room adds. It is `kept` after the server has opened the room, which then counts in `rooms`. `expiries` is a
-- sorted set that contains the end of the lease of each reservation.
--
-- Invariant of servers: a server is in its order exactly when it has an incarnation, no reason withholds it, and rooms + reserved <
-- capacity. Its score in the order is standing + handicap + weight.
-- Invariant of orders: an order is in all of its offers exactly when it contains a server.
-- A change of a score needs only one write, because the score is stored in the order and not in each offer.

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
  -- Before its first report, a server is in no order (sorted set of servers). Runs no command then, because a Redis Cluster and an ACL
  -- refuse an empty key.
  if order == '' then return end
  if redis.call('ZREM', order, server) == 0 or redis.call('EXISTS', order) == 1 then return end
  for offer in string.gmatch(redis.call('HGET', server, 'offers'), '%S+') do redis.call('SREM', offer, order) end
end

-- Adds a server to its order when the record says that the server is eligible, and removes it otherwise. Each script that changes a record
-- calls this function. Returns whether the server is eligible.
local function settle(server)
  local record = redis.call('HMGET', server, 'incarnation', 'rooms', 'reserved', 'capacity', 'withheld', 'standing', 'handicap', 'weight', 'order')
  -- Before its first report, a server is in no order.
  if not record[1] or (record[9] or '') == '' then return false end
  local eligible = record[5] == '' and record[2] + record[3] < tonumber(record[4])
  if eligible then enter(server, record[9], record[6] + record[7] + record[8]) else leave(server, record[9]) end
  return eligible
end

-- Starts the record of a new incarnation. Reservations and reasons are removed, because they belonged to the previous incarnation. Only
-- reasons that were added before the first report of any incarnation stay.
local function begin(server, incarnation, now)
  local old = redis.call('HMGET', server, 'incarnation', 'order', 'withheld', 'removed')
  if old[2] then leave(server, old[2]) end
  local withheld = ''
  if not old[1] and not old[4] then withheld = old[3] or '' end
  redis.call('HSET', server, 'incarnation', incarnation, 'rooms', 0, 'players', 0, 'capacity', 0, 'standing', 0,
    'reserved', 0, 'weight', 0, 'ramp', 0, 'handicap', 0, 'since', now, 'withheld', withheld, 'order', '', 'offers', '')
  redis.call('PERSIST', server)
end

-- Compares an incarnation with the record of its server. Returns 'current', 'newer', 'older' or 'removed'. Without a record, returns
-- 'newer'.
local function compare_incarnation(server, incarnation)
  local record = redis.call('HMGET', server, 'incarnation', 'removed')
  local given = tonumber(incarnation)
  if record[2] and given <= tonumber(record[2]) then return 'removed' end
  if not record[1] or given > tonumber(record[1]) then return 'newer' end
  if given < tonumber(record[1]) then return 'older' end
  return 'current'
end

-- Splits a reservation into the server's incarnation, the weight ('kept' after the confirmation) and the server.
local function terms_of(reservation)
  return string.match(reservation, '^(%S+) (%S+) (.+)$')
end

-- Subtracts deleted reservations from the record of their server. Does nothing when the server has another incarnation now.
local function give_back(server, incarnation, count, weight)
  local record = redis.call('HMGET', server, 'incarnation', 'reserved', 'weight')
  if record[1] ~= incarnation then return end
  redis.call('HSET', server, 'reserved', record[2] - count, 'weight', record[3] - weight)
  settle(server)
end

-- Deletes the reservations of rooms. Subtracts the unconfirmed ones from the records of their servers, with one write per server. Returns
-- the number of deleted reservations.
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

-- Deletes expired reservations, at most `limit` of them, so that a single call does not take long. Returns the number of deleted
-- reservations.
local function sweep(reservations, expiries, now, limit)
  local expired = redis.call('ZRANGEBYSCORE', expiries, '-inf', now, 'LIMIT', 0, limit)
  if #expired > 0 then
    -- Deletes the leases first. If a reservation then causes an error, only this call fails, because later sweeps no longer find this
    -- reservation.
    redis.call('ZREM', expiries, unpack(expired))
    forget(reservations, expired)
  end
  return #expired
end
