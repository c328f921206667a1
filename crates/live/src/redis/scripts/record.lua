-- Shared by the scripts that answer with a record: its fields, and the changes since a version.
local function record(room, changes, since)
  local fields = redis.call('HMGET', room, 'oldest', 'tag', 'state', 'chat', 'version')
  if not fields[2] then
    return {'missing'}
  end
  local count = (tonumber(fields[5]) or 0) - since + 2
  if count > 64 then
    count = 64
  end
  local past = {}
  -- The history is of use, but no more: without it a copy is compared with the record.
  local entries = redis.pcall('XREVRANGE', changes, '+', '-', 'COUNT', math.max(count, 1))
  if not entries.err then
    for i = #entries, 1, -1 do
      past[#past + 1] = entries[i][2][2]
    end
  end
  return {'record', fields[1] or '', fields[2], fields[3] or '', fields[4] or '', past}
end
