-- Replaces an act in the audit log, if the log still has the act. Idempotent.
--
-- KEYS  1 acts (hash: id -> JSON)
-- ARGV  1 id  2 JSON
-- Returns 1, or 0 when the log no longer has the act.

if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
