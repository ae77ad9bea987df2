-- Lists that come in pages: asks for one page at a time, as it is read. What is asked is the client's business; how a
-- page tells of the next one is in the operation's description.
--
-- It is no iterator for `for`: PUC Lua 5.1 could not wait in one, and a loop would have no place for an error.
local M = {}

local pager = {}
pager.__index = pager

-- M.new(ask, pages, fields) -> pager. ask(fields) returns a page or nil, err; pages is { items, next, parameter,
-- total }, as core.describe gives it; fields are those of the first page, and are not changed.
function M.new(ask, pages, fields)
    local own = {}
    for key, value in pairs(fields) do own[key] = value end
    return setmetatable({ _ask = ask, _pages = pages, _fields = own, _seen = 0, _list = {}, _index = 0 }, pager)
end

-- What the parameter is to be for the page after this one; nil if there is none. A link that leads back is none. Where
-- the vendor has left it out, the count of all items tells.
local function following(self, page, list)
    local pages, now = self._pages, self._fields[self._pages.parameter]
    local after, total = page[pages.next], pages.total and page[pages.total]
    if type(after) == "number" then
        if after > (now or 1) then return after end
        after = nil
    end
    if after == nil and type(total) == "number" and #list > 0 and total > self._seen then return (now or 1) + 1 end
    if after ~= "" and after ~= now then return after end
end

-- pager:next_page() -> the list of one page (it may be empty); nil at the end; nil, err if it could not be had: asking
-- again asks for the same page.
function pager:next_page()
    if self._done then return nil end
    if self._asking then error("outdial: another task reads this list", 2) end
    self._asking = true
    local page, err = self._ask(self._fields)
    self._asking = nil
    if not page then return nil, err end
    local list = page[self._pages.items] or {}
    self._seen = self._seen + #list
    self.total = self._pages.total and page[self._pages.total]
    local after = following(self, page, list)
    self._fields[self._pages.parameter] = after
    self._done = after == nil
    return list
end

-- pager:next() -> the next item; nil at the end; nil, err as next_page.
function pager:next()
    while self._index >= #self._list do
        if self._asking then error("outdial: another task reads this list", 2) end
        local list, err = self:next_page()
        if not list then return nil, err end
        self._list, self._index = list, 0
    end
    self._index = self._index + 1
    return self._list[self._index]
end

-- pager:each(fn) -> true once fn(item) was called for all that is left, or nil, err. fn ends it by returning false.
function pager:each(fn)
    local item, err = self:next()
    while item ~= nil do
        if fn(item) == false then return true end
        item, err = self:next()
    end
    if err then return nil, err end
    return true
end

return M
