-- Writes Lua files as a C table (embedded.h): lua5.4 bindings/host/embed.lua OUT.c FILE...
-- scripts/outdial/X.lua is the module outdial.X, an init.lua is its folder.

local LINE_BYTES = 80

local function module_of(file)
    local name = file:match("^scripts/(.+)%.lua$") or file:match("/scripts/(.+)%.lua$")
    if not name then
        error("expected scripts/NAME.lua, got " .. file, 0)
    end
    return (name:gsub("/init$", ""):gsub("/", "."))
end

-- One C string literal; every byte that C could read otherwise (quotes, backslashes, trigraphs) is written in octal.
local function literal(text)
    return '"' .. text:gsub('[^%w %-_.,:;(){}<>=+*/|&%%#~!@$^%[%]\']', function(byte)
        return byte == "\n" and "\\n" or ("\\%03o"):format(byte:byte())
    end) .. '"'
end

local function write_text(out, text)
    if text == "" then
        out:write('""')
    end
    for start = 1, #text, LINE_BYTES do
        out:write("\n        ", literal(text:sub(start, start + LINE_BYTES - 1)))
    end
end

local function read(file)
    local handle, why = io.open(file, "rb")
    if not handle then
        error(why, 0)
    end
    local text = handle:read("*a")
    handle:close()
    -- A "#!" line is for the shell, and luaL_loadbuffer would not skip it.
    return (text:gsub("^#[^\n]*", ""))
end

local function main(out_path, ...)
    local files = { ... }
    table.sort(files)
    local out, why = io.open(out_path, "wb")
    if not out then
        error(why, 0)
    end
    out:write("/* Written by bindings/host/embed.lua. */\n#include \"embedded.h\"\n\n",
        "const host_embedded host_embedded_table[] = {\n")
    for _, file in ipairs(files) do
        local text = read(file)
        out:write(("    {%s, %s, "):format(literal(module_of(file)), literal((file:gsub("^.*/scripts/", "scripts/")))))
        write_text(out, text)
        out:write((", %d},\n"):format(#text))
    end
    out:write("    {NULL, NULL, NULL, 0},\n};\n")
    if not out:close() then
        error("cannot write " .. out_path, 0)
    end
end

main(...)
