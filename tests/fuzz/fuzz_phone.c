/* Any bytes as a telephone number, with any country: it is refused with a reason, or it is E.164 that stays what it is and
 * passes the last look (R16). The first byte chooses the country. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "import/country_codes.h"
#include "import/phone.h"

#define SHORTEST 8   /* "+6837012" */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    const char *country = data[0] < od__country_count ? od__countries[data[0]].iso : NULL;
    char why[OD_PHONE_REASON_BYTES] = "", again_why[OD_PHONE_REASON_BYTES] = "";
    od_phone phone, again;
    memset(&phone, 0, sizeof phone);
    if (!od__phone_normalise(text, size - 1, country, &phone, why)) {
        must(why[0] == '"' && od__utf8_is_valid(why, strlen(why)) && phone.e164[0] == '\0');
        must(!od__phone_normalise(text, size - 1, country, &phone, NULL));
    } else {
        size_t length = strlen(phone.e164);
        must(phone.e164[0] == '+' && length >= SHORTEST && length <= 16 && strspn(phone.e164 + 1, "0123456789") == length - 1);
        must(phone.country[0] == '\0' || od__country_find(phone.country, 2) != NULL);
        must(od__phone_is_dialable(phone.e164, NULL));
        must(od__phone_normalise(phone.e164, length, phone.country, &again, again_why));
        must(strcmp(again.e164, phone.e164) == 0 && strcmp(again.country, phone.country) == 0);
    }
    char *whole = malloc(size);
    must(whole != NULL);
    memcpy(whole, text, size - 1);
    whole[size - 1] = '\0';
    must(!od__phone_is_dialable(whole, why) || strlen(whole) >= SHORTEST);
    free(whole);
    return 0;
}
