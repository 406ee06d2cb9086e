-- enqueue: adds deliveries to the tails of their lanes, in the order given.
-- args from 4: id, lane, endpoint, priority, predecessor, not before ms; repeated.
-- Returns the lanes that were refused. No allow-oom: a full server takes nothing new, and can drain.
serve('enqueue', {}, function(q, a, rules)
  local now, refused, woken = clock(), {}, false
  for n = 4, #a, 6 do
    local id, lane, ep, before = a[n], a[n + 1], a[n + 2], a[n + 4]
    if call('HEXISTS', q .. 'm', id) == 0 then
      local tail = call('LINDEX', q .. 'l:' .. lane, -1) or ''
      if tail ~= before or is_behind(q, lane) then
        new_ticket(q, lane)
        refused[#refused + 1] = lane
      else
        local added = append(q, lane, ep, { id = id, priority = tonumber(a[n + 3]), due = tonumber(a[n + 5]) }, now)
        if tail == '' and rest(q, lane, ep, rules, now, 'nowhere', nil, added) == 'ready' then woken = true end
      end
    end
  end
  if woken then ring(q) end
  return refused
end)
