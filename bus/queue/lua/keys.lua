-- What lies in the server, and the small functions that read and write single values.
--
-- Every function gets one key, the partition's tag `lt:{p}:` (q below); every other key is derived from it and so
-- lies in the same slot. Ids and small numbers only: bodies are in the journal.
--
--   key            type    content                                                    lives
--   gen            string  generation of the contents; negative while being emptied   for ever
--   parts          string  number of partitions of the generation; none = 1           for ever
--   whole          string  generation whose rebuild was walked to its end             for ever
--   fence          string  fencing counter: second half of every token                a generation
--   turn           string  service counter of the round robin, never a clock          a generation
--   seq            string  counter of arrivals and of tickets                         a generation
--   m              hash    delivery id -> record (below)                              until settled
--   l:<lane>       list    delivery ids, head = next                                  until empty
--   r:<endpoint>   zset    ready lanes; score = priority band, then arrival           while ready
--   act            zset    endpoints with a ready lane and room in flight; score = turn
--   eps            set     endpoints seen                                             a generation
--   ep:<endpoint>  hash    how it is treated and how it does (below)                  a generation
--   wait           zset    endpoints that rest until then, ms of server time          while resting
--   obeyed         string  revision of the journal's orders that ep:* follow          a generation
--   bands          string  there is more than one band: an urgent or bulk delivery    a generation
--   held           string  some lanes wait because retries are stopped                while they do
--   stopped        string  retries are stopped: "ever" | ms until                     while ordered
--   tick           string  latest moment a token was taken from any bucket, ms        a generation
--   i:<endpoint>   set     lanes in flight: a set, because counters drift             while leased
--   lease          zset    lane -> expiry, ms of server time                          while leased
--   own            hash    lane -> lease (below)                                      while leased
--   delay          zset    lane -> not before, ms of server time; from STOPPED on:    while waiting
--                          due, and waits because retries are stopped
--   park           set     lanes that rest until a person acts                        while parked
--   poison         hash    lane -> lease nobody holds: parked here after three crashes, the journal not yet told
--   behind         hash    lane -> ticket: deliveries were refused, the journal knows more than this lane
--   c:<worker>     string  the worker's last claim: a repeated command gets the same answer   one lease
--   bell           list    wake-up for BLPOP; a lost bell costs at most the time-out
--   lock:<name>    string  who rebuilds or sweeps                                     its own time-out
--
--   record   version, lane, endpoint, score, crashes, created ms, not before ms (0 = at once), parked (0 | 1), and
--            "1" where it was tried before: what follows is a retry
--   lease    version, token, delivery id, endpoint, worker
--   ep       cap (lanes in flight at most), pause ("ever" | ms until), state ("open" | "half"; none = closed),
--            until (ms, while open), probe (token), well (1 = it answered last), fails (in a row), opens (in a row),
--            last (lane of the last failure), rate (as ordered: tokens/ms/burst), bucket (rate, level, ms when that
--            was so), dry (ms of the next token), passed (urgent ones in a row that went before others).
--            Each only where it says something. One for all workers.
-- Fields are joined by U+001F, which no XML or dossier code can contain.

local SEP = '\31'
local VERSION = '1'
local CRASHES = 3 -- so many lost leases in a row park a delivery as poison
local STEPS = 100 -- due or expired lanes moved in one call
local BELLS = 8
local BAND = 2 ^ 50 -- one priority band
local NORMAL = 1 -- the band of what is neither urgent nor bulk
local AGE = 8 -- so many of an urgent band in a row, then the longest waiting of those behind it
local STOPPED = 2 ^ 52 -- later than any moment
local AGAIN = 1000 -- ms until another probe, where the last one told nothing

local function call(...) return redis.call(...) end -- redis.call exists only while a function runs

-- What one call has read or will write: a server's command costs more than what is done here. All empty when a call
-- begins. Who reads what may be pending calls `write_out` first.
local counters -- name -> value, where this call has counted
local counted -- name -> true, where the server has not yet the value
local met -- endpoint -> what is known of it
local some_behind -- is any lane? nil = not asked yet
local pending, rows -- writes, by command and key; and in their order

-- Writes of one kind to one key travel together.
local function later(command, key, first, second)
  local name = command .. key
  local row = pending[name]
  if not row or #row > 1000 then
    row = { command, key }
    pending[name], rows[#rows + 1] = row, row
  end
  row[#row + 1] = first
  row[#row + 1] = second -- may be nil
end

local function write_out()
  if #rows == 0 then return end
  local all = rows
  pending, rows = {}, {}
  for _, row in ipairs(all) do call(unpack(row)) end
end

local function begin_call() counters, counted, met, some_behind, pending, rows = {}, {}, {}, nil, {}, {} end

local function count(q, name)
  local value = counters[name]
  if value then
    value, counted[name] = value + 1, true
  else
    value = call('INCR', q .. name)
  end
  counters[name] = value
  return value
end

local function clock()
  local t = call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

local function whole_number(value) return string.format('%.0f', value) end

local function end_call(q)
  write_out()
  for name in pairs(counted) do call('SET', q .. name, whole_number(counters[name])) end
end

local function split(text)
  local parts = {}
  for part in string.gmatch(text .. SEP, '(.-)' .. SEP) do parts[#parts + 1] = part end
  return parts
end

local function join(...) return table.concat({ ... }, SEP) end

local ONE = '([^\31]*)' -- field
local FIVE = ONE .. SEP .. ONE .. SEP .. ONE .. SEP .. ONE .. SEP .. ONE
local RECORD = '^' .. FIVE .. SEP .. ONE .. SEP .. ONE .. SEP .. ONE .. SEP .. '?' .. ONE
local LEASE = '^' .. FIVE

local function read_record(q, id)
  local text = id and call('HGET', q .. 'm', id)
  if not text then return nil end
  local version, lane, ep, score, crashes, created, due, parked, tried = string.match(text, RECORD)
  if version ~= VERSION then error('LTVER record of version ' .. string.match(text, ONE)) end
  return { id = id, lane = lane, ep = ep, score = tonumber(score), crashes = tonumber(crashes), created = created,
    due = tonumber(due), parked = parked == '1', tried = tried == '1' }
end

local function write_record(q, r)
  local text = join(VERSION, r.lane, r.ep, whole_number(r.score), r.crashes, r.created, whole_number(r.due),
    r.parked and '1' or '0')
  call('HSET', q .. 'm', r.id, r.tried and join(text, '1') or text)
end

local function lease_of(text)
  if not text then return nil end
  local version, token, id, ep, worker = string.match(text, LEASE)
  if version ~= VERSION then error('LTVER lease of version ' .. string.match(text, ONE)) end
  return { token = token, id = id, ep = ep, worker = worker }
end

local function read_lease(q, key, lane) return lease_of(call('HGET', q .. key, lane)) end

-- A fresh token never repeats: its first half comes from the journal and grows with every wipe.
local function next_token(q, generation)
  return generation .. '.' .. whole_number(count(q, 'fence'))
end

local function ring(q)
  if call('LLEN', q .. 'bell') < BELLS then call('RPUSH', q .. 'bell', '1') end
end

-- The journal knows something newer than whoever read it before: their rebuild must be refused.
local function new_ticket(q, lane)
  local ticket = whole_number(count(q, 'seq'))
  some_behind = true
  call('HSET', q .. 'behind', lane, ticket)
  return ticket
end

local function is_behind(q, lane)
  if some_behind == nil then some_behind = call('EXISTS', q .. 'behind') == 1 end
  return some_behind and call('HEXISTS', q .. 'behind', lane) == 1
end

local function moved(q, lane)
  if is_behind(q, lane) then new_ticket(q, lane) end
end

-- A string, or nil; also where somebody wrote something else over it.
local function text_of(key)
  local found = redis.pcall('GET', key)
  return type(found) == 'string' and found or nil
end

-- The caller's rules: lanes in flight, failures that open the breaker (0 = never), first and longest rest in ms;
-- then the rates of its settings, each as `;endpoint=tokens/ms/burst`.
local function read_rules(text)
  local n, numbers, rates = {}, string.match(text, '^[^;]*'), {}
  for part in string.gmatch(numbers, '%d+') do n[#n + 1] = tonumber(part) end
  for ep, rate in string.gmatch(text, ';([^;]*)=([^;=]+)') do rates[ep] = rate end
  return { lanes = n[1], failures = n[2], first = n[3], most = n[4], rates = rates }
end

local rules_text, rules_read -- of the call before: mostly the same

local function rules_of(text)
  if text ~= rules_text then rules_text, rules_read = text, read_rules(text) end
  return rules_read
end

-- Registers one function. Its arguments: generation expected, fencing counter already seen, rules, …
-- An emptied, other or restored server is told apart by the first two.
local function serve(name, flags, body)
  redis.register_function {
    function_name = PREFIX .. name,
    flags = flags,
    callback = function(keys, args)
      local q = keys[1]
      local found = call('MGET', q .. 'gen', q .. 'fence') -- what is no string counts as nothing
      local have, fence = found[1] or '0', found[2] or '0'
      if have ~= args[1] then return redis.error_reply('LTGEN generation ' .. have .. ' not ' .. args[1]) end
      if (tonumber(fence) or 0) < tonumber(args[2]) then
        return redis.error_reply('LTGEN fencing counter ' .. fence .. ' below ' .. args[2])
      end
      begin_call()
      local done, answer = pcall(body, q, args, rules_of(args[3]))
      if done then end_call(q) else pcall(end_call, q) end -- what was counted stays counted
      if not done then error(answer, 0) end
      return answer
    end,
  }
end
