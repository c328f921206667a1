-- Writes a record if it is still the expected one, keeps the change, and tells other nodes.
--
-- KEYS: the room, its changes. ARGV: expected tag, version, tag, schema, oldest schema, state,
-- chat ('' when it has not changed), past change, milliseconds to keep it, note, channels.
--
-- What can fail comes before what writes, for nothing is taken back.
local have = redis.call('HMGET', KEYS[1], 'tag', 'version')
if (have[1] or '') ~= ARGV[1] or (have[1] and (tonumber(have[2]) or 0) >= tonumber(ARGV[2])) then
  return record(KEYS[1], KEYS[2], tonumber(ARGV[2]) - 1)
end
if ARGV[1] == '' then
  redis.call('DEL', KEYS[2])
end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'tag', ARGV[3], 'schema', ARGV[4],
  'oldest', ARGV[5], 'state', ARGV[6])
if ARGV[7] ~= '' then
  redis.call('HSET', KEYS[1], 'chat', ARGV[7])
end
redis.call('PEXPIRE', KEYS[1], ARGV[9])
local added = redis.pcall('XADD', KEYS[2], 'MAXLEN', '~', 64, '*', 'c', ARGV[8])
if not added.err then
  redis.call('PEXPIRE', KEYS[2], ARGV[9])
end
if #ARGV > 10 then
  local note = string.sub(ARGV[10], 1, -3) .. ARGV[6] .. string.sub(ARGV[10], -2)
  for i = 11, #ARGV do
    redis.call('PUBLISH', ARGV[i], note)
  end
end
return {'committed'}
