rockspec_format = "3.0"
package = "outdial"
version = "scm-1"
source = {
    url = "git+https://example.org/outdial.git",
    branch = "main",
}
description = {
    summary = "Places outbound calls through contact-centre vendors",
    detailed = [[
        Amazon Connect, Genesys Web Services, Google CCAI Platform and Symbee Connect behind one call: validated,
        signed, rate-limited, retried only where that cannot ring a phone twice. Tasks, timeouts and errors as values.]],
    license = "MIT",
    labels = { "telephony", "http", "aws" },
}
-- outdial.json uses lua-cjson where it is installed; nothing else needs it, so it is no dependency to build with.
dependencies = { "lua >= 5.1, < 5.6" }
-- No header check for curl: Debian keeps it in a folder of the architecture, which only the compiler knows.
external_dependencies = {
    CURL = { library = "curl" },
    CRYPTO = { header = "openssl/evp.h", library = "crypto" },
    JANSSON = { header = "jansson.h", library = "jansson" },
}
build = {
    type = "builtin",
    modules = {
        ["outdial.attach"] = "scripts/outdial/attach.lua",
        ["outdial.client"] = "scripts/outdial/client.lua",
        ["outdial.error"] = "scripts/outdial/error.lua",
        ["outdial"] = "scripts/outdial/init.lua",
        ["outdial.json"] = "scripts/outdial/json.lua",
        ["outdial.loop_cqueues"] = "scripts/outdial/loop_cqueues.lua",
        ["outdial.loop_luv"] = "scripts/outdial/loop_luv.lua",
        ["outdial.pager"] = "scripts/outdial/pager.lua",
        ["outdial.scheduler"] = "scripts/outdial/scheduler.lua",
        ["outdial.subscription"] = "scripts/outdial/subscription.lua",
        ["outdial.yieldable"] = "scripts/outdial/yieldable.lua",
        ["outdial.core"] = {
            sources = {
                "bindings/httpd/httpd.c", "bindings/httpd/mhd.c", "bindings/httpd/server.c", "bindings/lua/check.c",
                "bindings/lua/client.c", "bindings/lua/crypto.c", "bindings/lua/describe.c",
                "bindings/lua/engine.c", "bindings/lua/error.c", "bindings/lua/handle.c", "bindings/lua/module.c",
                "bindings/lua/request.c", "bindings/lua/sigv4.c", "bindings/lua/subscription.c",
                "bindings/lua/value.c", "core/authorizing/basic.c", "core/authorizing/clock_skew.c",
                "core/authorizing/gws_session.c", "core/authorizing/layer.c", "core/authorizing/secret_key.c",
                "core/authorizing/secrets_manager.c", "core/authorizing/sigv4.c",
                "core/authorizing/sigv4_authorizer.c", "core/authorizing/sigv4_canonical.c", "core/base/buffer.c",
                "core/base/clock.c", "core/base/error.c", "core/base/memory.c", "core/base/nearest.c",
                "core/base/status.c", "core/client.c", "core/client_chain.c", "core/client_options.c",
                "core/credentials/cached.c", "core/credentials/chain.c", "core/credentials/child.c",
                "core/credentials/container.c", "core/credentials/container_address.c",
                "core/credentials/credentials.c", "core/credentials/default.c", "core/credentials/document.c",
                "core/credentials/endpoint.c", "core/credentials/environment.c", "core/credentials/fetch.c",
                "core/credentials/files.c", "core/credentials/imds.c", "core/credentials/imds_endpoint.c",
                "core/credentials/process.c", "core/credentials/profile.c", "core/credentials/profile_endpoint.c",
                "core/credentials/profile_files.c", "core/credentials/profile_parser.c",
                "core/credentials/profile_plan.c", "core/credentials/sso.c", "core/credentials/sso_token.c",
                "core/credentials/static.c", "core/credentials/sts.c", "core/credentials/sts_request.c",
                "core/credentials/web_identity.c", "core/credentials/words.c", "core/credentials/xml.c",
                "core/crypto/encoding.c", "core/crypto/hash.c", "core/crypto/random.c", "core/engine.c",
                "core/follow.c", "core/heard.c", "core/json/describe.c", "core/json/parse.c", "core/json/value.c",
                "core/json/write.c", "core/loop/loop.c", "core/loop/poller_epoll.c", "core/loop/timers.c",
                "core/loop/watches.c", "core/notifications/bayeux.c", "core/notifications/cometd.c",
                "core/notifications/cometd_command.c", "core/notifications/cometd_poll.c",
                "core/notifications/cometd_wire.c", "core/notifications/topics.c", "core/operation/build.c",
                "core/operation/check.c", "core/operation/common_options.c", "core/operation/describe.c",
                "core/operation/form.c", "core/operation/glob.c", "core/operation/outcome.c",
                "core/operation/read.c", "core/operation/registry.c", "core/operation/uri.c", "core/place.c",
                "core/prepare.c", "core/request.c", "core/subscription.c", "core/transport/adaptive.c",
                "core/transport/curl_network.c", "core/transport/curl_result.c", "core/transport/curl_slot.c",
                "core/transport/curl_transport.c", "core/transport/exchange.c", "core/transport/gcra.c",
                "core/transport/http.c", "core/transport/rate.c", "core/transport/retry.c",
                "core/validation/ahead.c", "core/validation/complain.c", "core/validation/describe.c",
                "core/validation/fill.c", "core/validation/path.c", "core/validation/ready.c",
                "core/validation/shape.c", "core/validation/strings.c", "core/validation/time.c",
                "core/vendors/amazon_connect.c", "core/vendors/amazon_connect_batches.c",
                "core/vendors/amazon_connect_contacts.c", "core/vendors/amazon_connect_follow.c",
                "core/vendors/amazon_connect_start.c", "core/vendors/aws.c", "core/vendors/ccai_platform.c",
                "core/vendors/ccai_platform_calls.c", "core/vendors/ccai_platform_follow.c",
                "core/vendors/ccai_platform_operations.c", "core/vendors/ccai_platform_outcomes.c",
                "core/vendors/genesys.c", "core/vendors/genesys_calls.c", "core/vendors/genesys_following.c",
                "core/vendors/genesys_operations.c", "core/vendors/genesys_outcomes.c",
                "core/vendors/genesys_records.c", "core/vendors/genesys_session.c",
                "core/vendors/genesys_settling.c", "core/vendors/symbee.c", "core/vendors/symbee_data.c",
                "core/vendors/symbee_following.c", "core/vendors/symbee_operations.c",
                "core/vendors/symbee_search.c", "core/vendors/vendor.c", "core/version.c",
            },
            defines = { "_GNU_SOURCE" },
            incdirs = { "core/include", "core", "bindings/lua", "bindings/httpd", "$(CRYPTO_INCDIR)", "$(JANSSON_INCDIR)" },
            libdirs = { "$(CURL_LIBDIR)", "$(CRYPTO_LIBDIR)", "$(JANSSON_LIBDIR)" },
            libraries = { "curl", "crypto", "jansson", "pthread", "dl" },
        },
    },
}
