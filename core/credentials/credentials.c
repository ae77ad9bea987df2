/* What all sources share: wiping, freeing, and copying a value into its fixed place. */
#include "credentials/credentials.h"
#include "credentials/copy.h"

#include <string.h>

#include "base/error.h"
#include "crypto/crypto.h"

void od__credentials_wipe(od_credentials *credentials) {
    od__crypto_wipe(credentials, sizeof(*credentials));
}

void od__credential_source_free(od_credential_source *source) {
    if (source != NULL)
        source->free(source);
}

od_status od__credentials_copy(char *out, size_t out_bytes, const char *text, const char *source, const char *name,
                               od_error *err) {
    size_t length = strlen(text);
    if (length >= out_bytes)
        return od__error_set(err, OD_AUTHENTICATION, "%s: %s is longer than %zu bytes", source, name, out_bytes - 1);
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < 0x20 || byte == 0x7f)
            return od__error_set(err, OD_AUTHENTICATION, "%s: %s has a control character in it", source, name);
    }
    memcpy(out, text, length + 1);
    return OD_OK;
}
