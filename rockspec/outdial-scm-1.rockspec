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
        ["outdial.core"] = {
            sources = {
            },
            defines = { "_GNU_SOURCE" },
            incdirs = { "core/include", "core", "bindings/lua", "bindings/httpd", "$(CRYPTO_INCDIR)", "$(JANSSON_INCDIR)" },
            libdirs = { "$(CURL_LIBDIR)", "$(CRYPTO_LIBDIR)", "$(JANSSON_LIBDIR)" },
            libraries = { "curl", "crypto", "jansson", "pthread", "dl" },
        },
    },
}
