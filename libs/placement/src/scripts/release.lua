-- The room needs its reservation no more.
--
-- KEYS  1 the room's reservation  2 expiries
-- Answers 1 if there was one, else 0.

if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
forget(KEYS[1], KEYS[2])
return 1
