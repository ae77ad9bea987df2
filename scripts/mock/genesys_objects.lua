-- The objects that Genesys Web Services shows: users, devices, features, each with its address in two forms. Pure.

local http = require("mock.http")
local json = require("mock.json")

local genesys_objects = {}

local API = "/api/v2"

--- The address of the API as this request has reached it.
function genesys_objects.base(request)
    return "http://" .. (request.header["host"] or "localhost") .. API
end

--- One device.
function genesys_objects.device(device, request)
    return json.object({
        { "id", device.id },
        { "deviceState", device.registered and "Active" or "Inactive" },
        { "userState", json.object({
            { "id", "900D55CC-2BB0-431F-8BF9-D3525B383BE6" }, { "displayName", "Not Ready" }, { "state", "NotReady" },
        }) },
        { "phoneNumber", device.phone_number },
        { "e164Number", "" },
        { "telephonyNetwork", "Private" },
        { "doNotDisturb", "Off" },
        { "capabilities", json.array({ "DoNotDisturbOn", "ForwardCallsOn" }) },
        { "channels", json.array({ "voice" }) },
        { "uri", genesys_objects.base(request) .. "/devices/" .. device.id },
        { "path", "/devices/" .. device.id },
    })
end

--- All devices of a user.
function genesys_objects.devices(user, request)
    local list = json.array()
    for index, device in ipairs(user.devices) do
        list[index] = genesys_objects.device(device, request)
    end
    return list
end

--- All features of a user.
function genesys_objects.features(user, request)
    local list = json.array()
    for index, feature in ipairs(user.features) do
        list[index] = json.object({ { "id", feature }, { "displayName", feature },
            { "autoAssignOnContactCenterCreate", true },
            { "uri", genesys_objects.base(request) .. "/features/" .. feature }, { "path", "/features/" .. feature } })
    end
    return list
end

--- The user of GET /me, with what ?subresources= asks for embedded: a call is listed once calls are pushed too, so that
--- list stays empty.
function genesys_objects.user(user, request)
    local wanted = http.query_value(request.query, "subresources") or ""
    local function asked(name)
        return wanted == "*" or ("," .. wanted .. ","):find("," .. name .. ",", 1, true) ~= nil
    end
    return json.object({
        { "id", user.id },
        { "userName", user.username },
        { "firstName", user.first_name },
        { "lastName", user.last_name },
        { "emailAddress", user.username .. "@example.com" },
        { "roles", json.array({ "ROLE_AGENT" }) },
        { "enabled", true },
        { "changePasswordOnFirstLogin", false },
        { "features", asked("features") and genesys_objects.features(user, request) or nil },
        { "devices", asked("devices") and genesys_objects.devices(user, request) or nil },
        { "channels", asked("channels") and json.array() or nil },
        { "calls", asked("calls") and json.array() or nil },
        { "settings", asked("settings") and json.array() or nil },
        { "uri", genesys_objects.base(request) .. "/users/" .. user.id },
        { "path", "/users/" .. user.id },
    })
end

return genesys_objects
