-- What the mock's tenants look like: accounts, agents, menus, numbers, and how long calls last. Every value can be
-- given otherwise; a list, or a map that names things of a tenant, is taken whole, other tables are merged.

local settings = {}

local DEFAULTS = {
    contacts = {
        -- A Connect contact rings so long and is then talked on so long. Longer than the seconds in which a client
        -- may repeat a ClientToken, as a real call is.
        ring_ms = 4000,
        talk_ms = 6000,
        outcomes = true, -- false: the last digits of a number do not choose what becomes of a call
        speed = 1, -- all lives go so many times as fast
    },
    connect = {
        keys = {
            { access_key_id = "AKIDEXAMPLE", secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" },
        },
        region = nil, -- nil: whatever region the request was signed for
        -- "new_contact": the documentation of 2018 says that a token whose contact is disconnected starts a new
        -- contact; "same_contact": the contact is returned for all of the token's seven days, as today's
        -- documentation is silent about it.
        token_after_disconnect = "new_contact",
        concurrent_calls = 10, -- per instance, the default quota
        campaign_calls = true, -- false: the quota for TrafficType CAMPAIGN has not been raised from 0
        -- Which error a destination meets, by its first digits. Which prefixes an account may not call is its
        -- configuration; one is given for each error of the model that has no other cause in the mock.
        destinations = {
            { prefix = "+850", error = "DestinationNotAllowedException" },
            { prefix = "+870", error = "OutboundContactNotPermittedException" },
            { prefix = "+878", error = "LimitExceededException" },
        },
        -- Any other instance, flow and queue exists.
        missing = { ["00000000-0000-0000-0000-000000000404"] = true },
        rate = { per_second = 2, burst = 5 },
        -- The other operations' rates, each for itself.
        rates = {
            StopContact = { per_second = 10, burst = 15 }, DescribeContact = { per_second = 10, burst = 15 },
            GetContactAttributes = { per_second = 10, burst = 15 },
            UpdateContactAttributes = { per_second = 10, burst = 15 },
            SearchContacts = { per_second = 0.5, burst = 1 },
            PutDialRequestBatch = { per_second = 10, burst = 10 },
            PutOutboundRequestBatch = { per_second = 10, burst = 10 },
        },
        -- A contact is not found by its identifier, nor by a search, for so long after its start.
        visible_after_ms = 0,
        -- Where an error's name stands: "header", "header_uri" (Name:http://...), "code" or "__type" (prefix#Name), the
        -- last two in the body.
        error_type_in = "header",
        -- The states of campaigns by identifier; any other runs, unless it is missing.
        campaigns = { paused = "Paused", stopped = "Stopped", failed = "Failed", initialized = "Initialized",
            completed = "Completed" },
        campaign_instance = "10a4c4eb-f57e-4d4c-b602-bf39176ced07", -- where campaigns' contacts are
    },
    -- Secrets Manager's secrets by name: string or binary (base64), or the error that asking for it meets.
    secrets = {
        SYMBEE_CONNECT_API_KEY = { symbee_api_key = true }, -- whatever Symbee's key is at the time
        ["mock/json"] = { string = '{"username":"acme","password":"token"}' },
        ["mock/binary"] = { binary = "c3ltYmVlLWtleQ==" },
        ["mock/deleted"] = { error = "InvalidRequestException" },
        ["mock/undecryptable"] = { error = "DecryptionFailure" },
        ["mock/forbidden"] = { error = "AccessDeniedException" },
        ["mock/broken"] = { error = "InternalServiceError" },
        ["mock/throttled"] = { error = "ThrottlingException" },
    },
    sts = {
        denied = { ["arn:aws:iam::111122223333:role/denied"] = true }, -- any other role may be assumed
        external_ids = {}, -- by role: the ExternalId that it asks for
        -- Tokens of a web identity that are refused, each with its error; any other is taken.
        web_identity_refusals = {
            expired = "ExpiredTokenException", invalid = "InvalidIdentityToken", rejected = "IDPRejectedClaim",
            unreachable = "IDPCommunicationError",
        },
    },
    instance_metadata = {
        role = "mock-instance", -- "": the instance has no role
        extended = true, -- false: the path that tells the account too does not exist
        lifetime_ms = 6 * 3600 * 1000,
    },
    container = {
        role = "mock-task",
        authorization = "", -- the token that the request must carry; "": none is asked for
        lifetime_ms = 3600 * 1000,
    },
    genesys = {
        version = "8.5.202.96",
        csrf = true,
        csrf_on_notifications = true, -- false: as on a server that does not look for the token there
        session_idle_ms = 1800000,
        calls_per_device = 1,
        dial_needs_session = false, -- true: Dial is refused on a device that is logged out
        event_ms = 10, -- how long after a request its notification comes
        -- How a dialled call goes on, by the last digits dialled: answered, busy, no_answer, rejected, invalid (an
        -- error comes instead of a call) or endless (nobody ever hangs up). A row may have times of its own. What no
        -- row names is answered.
        outcomes = {
            { suffix = "99001", outcome = "no_answer" },
            { suffix = "99002", outcome = "busy" },
            { suffix = "99003", outcome = "rejected" },
            { suffix = "99006", outcome = "invalid" },
            { suffix = "99008", outcome = "invalid" },
            { suffix = "99012", outcome = "endless" },
        },
        ring_ms = 300, -- from Dialing to Established
        talk_ms = 600, -- from Established to Released
        busy_ms = 200,
        no_answer_ms = 900,
        participants = "objects", -- "strings": as before October 2015, with participantsInfo beside them
        tserver_options = { { name = "wrap-up-time", value = "0" } }, -- of every device
        channels = { voice = true }, -- those that a contact center session can open
        missing_campaigns = { NoSuchCampaign = true }, -- any other campaign exists, and so do their calling lists
        missing_lists = { NoSuchList = true },
        -- So long after its acknowledgement the outbound server dials a record by itself; false: it never does.
        dial_records_after_ms = false,
        cometd = {
            enabled = true,
            timeout_ms = 30000, -- how long a connect stays parked
            interval_ms = 0,
            max_interval_ms = 10000, -- how long a client may be away
            advise_max_interval = false,
            ack = false, -- true: offers the acknowledge extension
            sessions_per_browser = 1,
            multi_session_interval_ms = 2000,
            drop_connect_every = 0, -- N: the connection of each Nth answered connect closes instead; 0: of none
        },
        users = {
            {
                username = "agent", password = "secret", id = "d6ab5b4fb6ba4f0eb1ab9c1ddf6a7d01",
                first_name = "Ada", last_name = "Agent", place = "Place1",
                features = { "api-voice", "api-voice-outbound" },
                devices = {
                    { id = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a", phone_number = "5005", registered = true },
                    { id = "4d72a6b5-ee96-4e1f-b09b-5c3f979d82b7", phone_number = "5006", registered = true },
                    { id = "0b1c2d3e-4f50-4161-8273-8495a6b7c8d9", phone_number = "5007", registered = false },
                },
            },
            {
                username = "clerk", password = "secret", id = "d6ab5b4fb6ba4f0eb1ab9c1ddf6a7d02",
                first_name = "Cleo", last_name = "Clerk", place = "Place2", features = {},
                devices = { { id = "5a5b5c5d-0000-4000-8000-000000000001", phone_number = "5010", registered = true } },
            },
        },
    },
    ccai = {
        username = "acme", -- the subdomain
        password = "token",
        default_outbound_number = "+1 339-219-5276",
        languages = { en = true }, -- those the tenant has switched on
        rate = { per_second = 10, burst = 10 }, -- of the burst nothing is said: a second's worth
        calls_per_agent = 1, -- live outbound calls that an agent may have; 0: any number
        queue_agent = "queue@somedomain.com", -- who takes the calls that are queued
        -- How long, beside contacts.ring_ms and contacts.talk_ms, a call takes: to get an agent, from there to being
        -- connected, to ring in vain, until it is called again after a failure, and until an agent who is asked in the
        -- widget has acted.
        queue_ms = 2000, connecting_ms = 500, ring_timeout_ms = 30000, callback_ms = 10000, widget_ms = 5000,
        do_not_call = {}, -- numbers ("+" and digits) that the list has from the start
        -- The name under which the flag of a returning customer is honoured when it is written: the page reads it as
        -- repeat_customer and writes it as repeat_customers.
        repeat_flag = "repeat_customers",
        crm_supported = true, end_user_interval_ms = 60000, -- of POST .../end_user
        wait = 10, -- what every queue's waiting time is said to be
        next_link = true, -- false: a list of calls never tells the address of its next page
        -- The documents' own tickets. Other tickets have no contact.
        tickets = {
            ["71450"] = { end_user_id = 67, contact = "381630957514", number = "+18596579625" },
            ["76517"] = { end_user_id = 75, contact = "389391400633", number = "+18596579625" },
        },
        menus = {
            -- The documents create both inbound and scheduled calls on menu 9, and call it an ivr_menu.
            ["9"] = { name = "Lock Star", menu_type = "ivr_menu", state = "open", any_call = true },
            ["50"] = { name = "Direct Access", menu_type = "direct_access_menu", state = "open" },
            ["51"] = { name = "Redirected", menu_type = "mobile_menu", state = "manual redirection" },
            ["52"] = { name = "Night", menu_type = "mobile_menu", state = "after hours" },
            ["60"] = { name = "App", menu_type = "mobile_menu", state = "open" },
            ["70"] = { name = "Site", menu_type = "web_menu", state = "open" },
            ["80"] = { name = "Hotline", menu_type = "ivr_menu", state = "open" },
        },
    },
    symbee = {
        company_code = "acme",
        environment = "prod",
        secrets_region = "us-east-1",
        api_key = "symbee-key",
        default_skill_queue = "Default",
        agent = "agent@somedomain.com", -- who works records without a preferred agent; "": nobody works any
        deliver_ms = 2000, -- from when a record may be worked until an agent has it
        again_ms = 3600000, -- until a record that the agent reschedules may be worked again
        work_code_group = "Call Result",
        missing_campaigns = { NoSuchCampaign = true }, -- any other campaign exists
        -- NORECORDFOUND is promised for an unknown record, but not where it stands: "status" puts it into
        -- previewResultStatus, "error" into error beside FAILED.
        no_record_in = "status",
    },
}

local function is_list(value)
    return value[1] ~= nil or next(value) == nil
end

-- Maps that name tenants' things are replaced as a whole, like lists.
local WHOLE = { menus = true, tickets = true, languages = true, missing = true, missing_campaigns = true,
    missing_lists = true, channels = true }

local function merge(defaults, given, path)
    local result = {}
    for key, value in pairs(defaults) do
        result[key] = value
    end
    for key, value in pairs(given) do
        local default = defaults[key]
        if type(default) == "table" and type(value) == "table" and not is_list(default) and not WHOLE[key] then
            result[key] = merge(default, value, path .. key .. ".")
        elseif default == nil and path .. key ~= "connect.region" then
            error("unknown setting " .. path .. key, 0)
        else
            result[key] = value
        end
    end
    return result
end

--- The settings, with those given in place of the defaults; an unknown name raises.
function settings.new(given)
    local ok, result = pcall(merge, DEFAULTS, given or {}, "")
    if not ok then
        error(result, 2)
    end
    return result
end

return settings
