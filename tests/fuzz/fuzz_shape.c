/* The first byte chooses an operation of a vendor, the rest is JSON parameters: they are filled, validated and built as
 * submitting does. Parameters that were accepted are accepted again, unchanged, and can be built. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json/value.h"
#include "operation/operation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
    if (!holds)
        abort();
}

static bool no_surprises(void *context, void *out, size_t bytes) {
    (void)context;
    memset(out, 7, bytes);
    return true;
}

static const od_operation *choose(uint8_t byte) {
    size_t count = 0;
    for (;;) {
        for (size_t v = 0; od_vendor_at(v) != NULL; v++) {
            for (size_t i = 0; od_operation_at(od_vendor_at(v), i) != NULL; i++) {
                if (count++ == byte)
                    return od_operation_at(od_vendor_at(v), i);
            }
        }
    }
}

static void use(const od_operation *operation, od_value *params) {
    char *once, *twice;
    od_error err = OD_ERROR_INIT;
    if (od__shape_fill(operation->input, params, NULL, no_surprises, NULL, &err) != OD_OK ||
        od__shape_validate(operation->input, params, "", &err) != OD_OK) {
        must(err.code == OD_VALIDATION && err.message[0] != '\0');
        return;
    }
    must(od_value_format(params, &once, NULL, NULL) == OD_OK);
    must(od__shape_validate(operation->input, params, "", &err) == OD_OK);
    must(od_value_format(params, &twice, NULL, NULL) == OD_OK);
    must(strcmp(once, twice) == 0);
    od_http_request request;
    od__http_request_init(&request);
    /* A segment of "." or a header with a line break passes a shape that does not know where it travels. */
    if (od__operation_build(operation, "https://h", NULL, params, &request, &err) != OD_OK)
        must(err.code == OD_VALIDATION);
    od__http_request_clear(&request);
    od_text_free(once);
    od_text_free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    od_value *params;
    if (size == 0 || od_value_parse((const char *)data + 1, size - 1, &params, NULL) != OD_OK)
        return 0;
    use(choose(data[0]), params);
    od_value_unref(params);
    return 0;
}
