-- Vendors and operations by the names that people type.

local core = require "outdial.core"

local catalogue = {}

-- Not an operation of a vendor, but said where one is: the same call at every vendor.
catalogue.PLACE_CALL = "place_call"

--- Its fields.
catalogue.CALL_FIELDS = {
    { name = "to", type = "string", required = true, summary = "the number to call" },
    { name = "from", type = "string", summary = "the number shown to the person called" },
    { name = "contact", type = "string", summary = "your id of the person called" },
    { name = "token", type = "string", summary = "names this attempt at the vendor", default = "a random UUID" },
    { name = "attributes", type = "map of string", summary = "keys and values that go along with the call" },
    { name = "not_before", type = "number", summary = "Unix seconds: a vendor that rings later rings no earlier" },
    { name = "not_after", type = "number", summary = "Unix seconds: such a vendor rings before it" },
    { name = "zone", type = "string", summary = "the person's IANA time zone, for such a vendor" },
    { name = "ring_timeout", type = "integer", summary = "seconds of ringing, where the vendor lets them be chosen" },
    { name = "fields", type = "map of any", summary = "fields of the vendor's own operation; they win" },
}

local function hint(near)
    return near and (", did you mean \"%s\"?"):format(near) or ""
end

--- The vendor { name, title } of a name, or nil and what is wrong with it.
function catalogue.find_vendor(name)
    for _, vendor in ipairs(core.vendors()) do
        if vendor.name == name then
            return vendor
        end
    end
    return nil, ("unknown vendor \"%s\"%s"):format(name, hint(core.did_you_mean(nil, name)))
end

--- The description of an operation by its name or the vendor's own, or nil and what is wrong with it.
function catalogue.find_operation(vendor, name)
    for _, known in ipairs(core.operations(vendor)) do
        local described = core.describe(vendor, known)
        if known == name or described.vendor_name == name then
            return described
        end
    end
    local near = core.did_you_mean(vendor, name) or core.nearest(name, { catalogue.PLACE_CALL })
    return nil, ("unknown operation \"%s\"%s"):format(name, hint(near))
end

return catalogue
