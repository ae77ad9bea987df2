-- The AWS services beside Connect, told apart by what a request looks like: Secrets Manager and STS, both at POST /,
-- and the two local sources of credentials, instance metadata and the container's endpoint.

local metadata = require("mock.aws_metadata")
local secrets = require("mock.aws_secrets")
local sts = require("mock.aws_sts")

local aws = {}

local function service_of(request)
    if request.path ~= "/" then
        return metadata
    end
    return request.header["x-amz-target"] and secrets or sts
end

--- The answer to a request over a rate, in the form of the service asked.
function aws.throttled(state, request)
    return service_of(request).throttled(state)
end

--- The answer of a service that failed.
function aws.failed(state, request)
    return service_of(request).failed(state)
end

--- Answers one request.
function aws.handle(state, request)
    return service_of(request).handle(state, request)
end

return aws
