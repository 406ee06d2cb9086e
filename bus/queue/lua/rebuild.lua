-- What the feeder does to whole lanes. An entry is: id, priority, not before ms, parked (0 | 1), tried (0 | 1).
-- What adds deliveries has no allow-oom: a full server takes nothing new; the lane stays behind until there is room.

local function read_entries(a, from)
  local entries = {}
  for n = from, #a, 5 do
    entries[#entries + 1] = { id = a[n], priority = tonumber(a[n + 1]), due = tonumber(a[n + 2]),
      parked = a[n + 3] == '1', tried = a[n + 4] == '1' }
  end
  return entries
end

-- Empties a lane's list. Returns its records by id.
local function forget(q, lane)
  local old = {}
  for _, id in ipairs(call('LRANGE', q .. 'l:' .. lane, 0, -1)) do
    old[id] = read_record(q, id)
    call('HDEL', q .. 'm', id)
  end
  call('DEL', q .. 'l:' .. lane)
  return old
end

local function stale(q, lane, ticket) return ticket ~= '0' and call('HGET', q .. 'behind', lane) ~= ticket end

-- rebuild_lane: args from 4: lane, endpoint, ticket (0 = at all events), entries.
-- A live lease stays if its delivery is still the head. Returns 0 when the ticket is not the newest: the caller
-- read the journal before something changed, and must read again.
serve('rebuild_lane', {}, function(q, a, rules)
  local lane, ep, entries, now = a[4], a[5], read_entries(a, 7), clock()
  if stale(q, lane, a[6]) then return 0 end
  local lease = read_lease(q, 'own', lane)
  local poison = read_lease(q, 'poison', lane)
  local parked = call('SISMEMBER', q .. 'park', lane) == 1
  local old, head = forget(q, lane), entries[1]
  for _, e in ipairs(entries) do
    if e == head and parked and not poison and not e.parked and old[e.id] then old[e.id].crashes = 0 end
    append(q, lane, ep, e, now, old[e.id])
  end
  call('HDEL', q .. 'behind', lane)
  if lease and head and lease.id == head.id then return 1 end
  if poison and head and poison.id == head.id and not head.parked then
    local record = read_record(q, head.id)
    record.parked = true
    write_record(q, record)
    return 1
  end
  if rest(q, lane, ep, rules, now, 'any') == 'ready' then ring(q) end
  return 1
end)

-- fill: args from 4: lane, endpoint, entries. Writes the lane if there is none, else only looks at it.
-- Returns 1 when it does not look as the journal says: it must be rebuilt with a ticket.
serve('fill', {}, function(q, a, rules)
  local lane, ep, entries, now = a[4], a[5], read_entries(a, 6), clock()
  if call('HEXISTS', q .. 'behind', lane) == 1 then return 1 end
  local head = call('LINDEX', q .. 'l:' .. lane, 0)
  if head then
    local last = entries[#entries]
    if not last or head ~= entries[1].id or call('LINDEX', q .. 'l:' .. lane, -1) ~= last.id then return 1 end
    if call('HEXISTS', q .. 'own', lane) == 1 or call('HEXISTS', q .. 'poison', lane) == 1 then return 0 end
    return (call('SISMEMBER', q .. 'park', lane) == 1) == entries[1].parked and 0 or 1
  end
  for _, e in ipairs(entries) do append(q, lane, ep, e, now) end
  if rest(q, lane, ep, rules, now, 'any') == 'ready' then ring(q) end
  return 0
end)

-- drop_lane: args from 4: lane, ticket (0 = at all events).
serve('drop_lane', { 'allow-oom' }, function(q, a, rules)
  local lane = a[4]
  if stale(q, lane, a[5]) then return 0 end
  local head = read_record(q, call('LINDEX', q .. 'l:' .. lane, 0))
  if head then
    forget(q, lane)
    rest(q, lane, head.ep, rules, clock(), 'any')
  end
  call('HDEL', q .. 'behind', lane)
  return 1
end)

-- mark: args from 4: lane. Enqueues to it are refused until it is rebuilt. Returns the ticket for that.
serve('mark', { 'allow-oom' }, function(q, a, _) return new_ticket(q, a[4]) end)
