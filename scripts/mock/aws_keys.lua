-- The access keys that the mock's AWS knows: those of the settings, and those that it has handed out itself, which end.

local aws_keys = {}

local function keys_of(state)
    local keys = state.aws_keys
    if not keys then
        keys = {}
        for index, key in ipairs(state.settings.connect.keys) do
            keys[index] = key
        end
        state.aws_keys = keys
    end
    return keys
end

--- All keys, ended ones too: an ended one has its own error. A list of { access_key_id, secret_access_key,
--- session_token, expires_ms }.
function aws_keys.all(state)
    return keys_of(state)
end

--- Hands out a temporary key that lives for so long.
function aws_keys.issue(state, lifetime_ms)
    local key = {
        access_key_id = "ASIA" .. state.hex(16):upper(), secret_access_key = state.hex(40),
        session_token = "mock-session-" .. state.hex(48), expires_ms = state.now_ms() + lifetime_ms,
    }
    local keys = keys_of(state)
    keys[#keys + 1] = key
    return key
end

--- The account and region of all names in answers.
aws_keys.ACCOUNT = "111122223333"

function aws_keys.region(state)
    return state.settings.connect.region or "us-east-1"
end

return aws_keys
