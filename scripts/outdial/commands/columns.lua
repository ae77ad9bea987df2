-- Rows of text in aligned columns; the last column is wrapped to what is left of the line.

local columns = {}

local GAP = 2
local LAST_AT_LEAST = 30

-- Breaks text at blanks into lines of at most width bytes; a longer word stays whole.
local function wrap(text, width)
    local lines, line = {}, ""
    for word in text:gmatch("%S+") do
        if line ~= "" and #line + 1 + #word > width then
            lines[#lines + 1] = line
            line = word
        else
            line = line == "" and word or line .. " " .. word
        end
    end
    lines[#lines + 1] = line
    return lines
end

local function measure(rows, most)
    local widths = {}
    for _, row in ipairs(rows) do
        for i = 1, #row - 1 do
            -- A cell wider than its column may be pushes what follows to the next line instead of widening all rows.
            if #row[i] <= (most[i] or math.huge) then
                widths[i] = math.max(widths[i] or 0, #row[i])
            end
        end
    end
    return widths
end

local function add_row(out, row, widths, width)
    local line, column, pushed = "", 0, false
    for i = 1, #row - 1 do
        if #line > column then
            out[#out + 1] = line
            line, pushed = "", true
        end
        line = line .. (" "):rep(column - #line) .. row[i]
        column = column + (widths[i] or 0) + GAP
    end
    if #line > column - (pushed and GAP or 1) then
        out[#out + 1] = line
        line = ""
    end
    for _, part in ipairs(wrap(row[#row], math.max(width - column, LAST_AT_LEAST))) do
        out[#out + 1] = ((line .. (" "):rep(column - #line) .. part):gsub("%s+$", ""))
        line = ""
    end
end

--- Lays rows (lists of texts, all of one length) out. width is that of the whole; most[i] is the widest that column i
--- gets. Returns the text, each line ended.
function columns.layout(rows, width, most)
    local out, widths = {}, measure(rows, most or {})
    for _, row in ipairs(rows) do
        add_row(out, row, widths, width)
    end
    return #out > 0 and table.concat(out, "\n") .. "\n" or ""
end

return columns
