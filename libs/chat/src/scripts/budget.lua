-- Functions for token buckets, which limit the number of chat messages per minute.

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Returns the tokens that a bucket has now. A hash stores the bucket in the fields `tokens` and `at`. A bucket without these fields is full.
local function tokens_of(key, per_minute, burst, now)
  local bucket = redis.call('HMGET', key, 'tokens', 'at')
  if not bucket[1] then return burst end
  -- The elapsed time is negative when the clock of Redis was set back. The bucket then gets no new tokens.
  local passed = math.max(0, now - tonumber(bucket[2]))
  return math.min(burst, tonumber(bucket[1]) + passed * per_minute / 60000)
end

local function take_token(key, tokens, now, ttl)
  redis.call('HSET', key, 'tokens', string.format('%.6f', tokens - 1), 'at', string.format('%.0f', now))
  redis.call('PEXPIRE', key, ttl)
end

local function wait_ms(tokens, per_minute)
  return math.ceil((1 - tokens) * 60000 / per_minute)
end
