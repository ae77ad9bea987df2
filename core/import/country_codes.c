#include "import/country_codes.h"

#include <string.h>

/* Calling codes: ITU-T E.164 assigned codes. Trunk prefixes and lengths: the national numbering plans; the lengths are wide
 * enough for every kind of number of a plan that people are called on, and judge only what was written without its calling
 * code. Kosovo (XK) has a calling code and no ISO letters of its own. */
const od_country od__countries[] = {
    {"AD", 376, "", "", false, 6, 9}, {"AE", 971, "0", "", false, 7, 9}, {"AF", 93, "0", "", false, 9, 9},
    {"AG", 1, "1", "", false, 10, 10}, {"AI", 1, "1", "", false, 10, 10}, {"AL", 355, "0", "", false, 7, 9},
    {"AM", 374, "0", "", false, 8, 8}, {"AO", 244, "", "", false, 9, 9}, {"AQ", 672, "", "", false, 6, 6},
    {"AR", 54, "0", "", false, 10, 11}, {"AS", 1, "1", "", false, 10, 10}, {"AT", 43, "0", "", false, 5, 13},
    {"AU", 61, "0", "", false, 6, 10}, {"AW", 297, "", "", false, 7, 7}, {"AX", 358, "0", "", false, 5, 12},
    {"AZ", 994, "0", "", false, 9, 9}, {"BA", 387, "0", "", false, 8, 9}, {"BB", 1, "1", "", false, 10, 10},
    {"BD", 880, "0", "", false, 6, 10}, {"BE", 32, "0", "", false, 8, 9}, {"BF", 226, "", "", true, 8, 8},
    {"BG", 359, "0", "", false, 6, 9}, {"BH", 973, "", "", false, 8, 8}, {"BI", 257, "", "", false, 8, 8},
    {"BJ", 229, "", "", true, 8, 10}, {"BL", 590, "0", "", false, 9, 9}, {"BM", 1, "1", "", false, 10, 10},
    {"BN", 673, "", "", false, 7, 7}, {"BO", 591, "0", "", false, 8, 8}, {"BQ", 599, "", "", false, 7, 7},
    {"BR", 55, "0", "", false, 10, 11}, {"BS", 1, "1", "", false, 10, 10}, {"BT", 975, "", "", false, 7, 8},
    {"BV", 47, "", "", false, 8, 8}, {"BW", 267, "", "", false, 7, 8}, {"BY", 375, "80", "0", false, 9, 9},
    {"BZ", 501, "", "", false, 7, 7}, {"CA", 1, "1", "", false, 10, 10}, {"CC", 61, "0", "", false, 6, 10},
    {"CD", 243, "0", "", false, 7, 10}, {"CF", 236, "", "", false, 8, 8}, {"CG", 242, "", "", true, 9, 9},
    {"CH", 41, "0", "", false, 9, 9}, {"CI", 225, "", "", true, 10, 10}, {"CK", 682, "", "", false, 5, 5},
    {"CL", 56, "", "", false, 8, 9}, {"CM", 237, "", "", false, 8, 9}, {"CN", 86, "0", "", false, 9, 11},
    {"CO", 57, "", "", false, 10, 10}, {"CR", 506, "", "", false, 8, 10}, {"CU", 53, "0", "", false, 6, 10},
    {"CV", 238, "", "", false, 7, 7}, {"CW", 599, "", "", false, 7, 8}, {"CX", 61, "0", "", false, 6, 10},
    {"CY", 357, "", "", false, 8, 8}, {"CZ", 420, "", "", false, 9, 9}, {"DE", 49, "0", "", false, 5, 13},
    {"DJ", 253, "", "", false, 8, 8}, {"DK", 45, "", "", false, 8, 8}, {"DM", 1, "1", "", false, 10, 10},
    {"DO", 1, "1", "", false, 10, 10}, {"DZ", 213, "0", "", false, 8, 9}, {"EC", 593, "0", "", false, 8, 9},
    {"EE", 372, "", "", false, 7, 8}, {"EG", 20, "0", "", false, 8, 10}, {"EH", 212, "0", "", false, 9, 9},
    {"ER", 291, "0", "", false, 7, 7}, {"ES", 34, "", "", false, 9, 9}, {"ET", 251, "0", "", false, 9, 9},
    {"FI", 358, "0", "", false, 5, 12}, {"FJ", 679, "", "", false, 7, 7}, {"FK", 500, "", "", false, 5, 5},
    {"FM", 691, "", "", false, 7, 7}, {"FO", 298, "", "", false, 6, 6}, {"FR", 33, "0", "", false, 9, 9},
    {"GA", 241, "0", "", false, 8, 8}, {"GB", 44, "0", "", false, 7, 10}, {"GD", 1, "1", "", false, 10, 10},
    {"GE", 995, "0", "", false, 9, 9}, {"GF", 594, "0", "", false, 9, 9}, {"GG", 44, "0", "", false, 7, 10},
    {"GH", 233, "0", "", false, 9, 9}, {"GI", 350, "", "", false, 8, 8}, {"GL", 299, "", "", false, 6, 6},
    {"GM", 220, "", "", false, 7, 9}, {"GN", 224, "", "", false, 8, 9}, {"GP", 590, "0", "", false, 9, 9},
    {"GQ", 240, "", "", false, 9, 9}, {"GR", 30, "", "", false, 10, 10}, {"GS", 500, "", "", false, 5, 5},
    {"GT", 502, "", "", false, 8, 8}, {"GU", 1, "1", "", false, 10, 10}, {"GW", 245, "", "", false, 7, 9},
    {"GY", 592, "", "", false, 7, 7}, {"HK", 852, "", "", false, 8, 8}, {"HM", 672, "", "", false, 6, 6},
    {"HN", 504, "", "", false, 8, 8}, {"HR", 385, "0", "", false, 7, 9}, {"HT", 509, "", "", false, 8, 8},
    {"HU", 36, "06", "", false, 8, 9}, {"ID", 62, "0", "", false, 7, 12}, {"IE", 353, "0", "", false, 7, 10},
    {"IL", 972, "0", "", false, 8, 10}, {"IM", 44, "0", "", false, 7, 10}, {"IN", 91, "0", "", false, 10, 10},
    {"IO", 246, "", "", false, 7, 7}, {"IQ", 964, "0", "", false, 8, 10}, {"IR", 98, "0", "", false, 8, 10},
    {"IS", 354, "", "", false, 7, 9}, {"IT", 39, "", "", true, 6, 11}, {"JE", 44, "0", "", false, 7, 10},
    {"JM", 1, "1", "", false, 10, 10}, {"JO", 962, "0", "", false, 8, 9}, {"JP", 81, "0", "", false, 9, 10},
    {"KE", 254, "0", "", false, 7, 9}, {"KG", 996, "0", "", false, 9, 9}, {"KH", 855, "0", "", false, 8, 9},
    {"KI", 686, "", "", false, 5, 8}, {"KM", 269, "", "", false, 7, 7}, {"KN", 1, "1", "", false, 10, 10},
    {"KP", 850, "0", "", false, 6, 10}, {"KR", 82, "0", "", false, 8, 11}, {"KW", 965, "", "", false, 7, 8},
    {"KY", 1, "1", "", false, 10, 10}, {"KZ", 7, "8", "", false, 10, 10}, {"LA", 856, "0", "", false, 8, 10},
    {"LB", 961, "0", "", false, 7, 8}, {"LC", 1, "1", "", false, 10, 10}, {"LI", 423, "", "", false, 7, 9},
    {"LK", 94, "0", "", false, 9, 9}, {"LR", 231, "0", "", false, 7, 9}, {"LS", 266, "", "", false, 8, 8},
    {"LT", 370, "8", "0", false, 8, 8}, {"LU", 352, "", "", false, 4, 11}, {"LV", 371, "", "", false, 8, 8},
    {"LY", 218, "0", "", false, 8, 9}, {"MA", 212, "0", "", false, 9, 9}, {"MC", 377, "0", "", false, 8, 9},
    {"MD", 373, "0", "", false, 8, 8}, {"ME", 382, "0", "", false, 7, 9}, {"MF", 590, "0", "", false, 9, 9},
    {"MG", 261, "0", "", false, 9, 9}, {"MH", 692, "", "", false, 7, 7}, {"MK", 389, "0", "", false, 8, 8},
    {"ML", 223, "", "", false, 8, 8}, {"MM", 95, "0", "", false, 6, 10}, {"MN", 976, "0", "", false, 8, 10},
    {"MO", 853, "", "", false, 8, 8}, {"MP", 1, "1", "", false, 10, 10}, {"MQ", 596, "0", "", false, 9, 9},
    {"MR", 222, "", "", false, 8, 8}, {"MS", 1, "1", "", false, 10, 10}, {"MT", 356, "", "", false, 8, 8},
    {"MU", 230, "", "", false, 7, 8}, {"MV", 960, "", "", false, 7, 7}, {"MW", 265, "0", "", false, 7, 9},
    {"MX", 52, "", "", false, 10, 10}, {"MY", 60, "0", "", false, 8, 10}, {"MZ", 258, "", "", false, 8, 9},
    {"NA", 264, "0", "", false, 8, 10}, {"NC", 687, "", "", false, 6, 6}, {"NE", 227, "", "", false, 8, 8},
    {"NF", 672, "", "", false, 6, 6}, {"NG", 234, "0", "", false, 7, 10}, {"NI", 505, "", "", false, 8, 8},
    {"NL", 31, "0", "", false, 7, 11}, {"NO", 47, "", "", false, 8, 8}, {"NP", 977, "0", "", false, 8, 10},
    {"NR", 674, "", "", false, 7, 7}, {"NU", 683, "", "", false, 4, 7}, {"NZ", 64, "0", "", false, 7, 10},
    {"OM", 968, "", "", false, 8, 8}, {"PA", 507, "", "", false, 7, 8}, {"PE", 51, "0", "", false, 8, 9},
    {"PF", 689, "", "", false, 6, 8}, {"PG", 675, "", "", false, 7, 8}, {"PH", 63, "0", "", false, 8, 10},
    {"PK", 92, "0", "", false, 8, 10}, {"PL", 48, "", "", false, 9, 9}, {"PM", 508, "0", "", false, 6, 9},
    {"PN", 64, "0", "", false, 7, 10}, {"PR", 1, "1", "", false, 10, 10}, {"PS", 970, "0", "", false, 8, 9},
    {"PT", 351, "", "", false, 9, 9}, {"PW", 680, "", "", false, 7, 7}, {"PY", 595, "0", "", false, 7, 9},
    {"QA", 974, "", "", false, 7, 8}, {"RE", 262, "0", "", false, 9, 9}, {"RO", 40, "0", "", false, 9, 9},
    {"RS", 381, "0", "", false, 7, 12}, {"RU", 7, "8", "", false, 10, 10}, {"RW", 250, "0", "", false, 8, 9},
    {"SA", 966, "0", "", false, 8, 9}, {"SB", 677, "", "", false, 5, 7}, {"SC", 248, "", "", false, 7, 7},
    {"SD", 249, "0", "", false, 9, 9}, {"SE", 46, "0", "", false, 7, 10}, {"SG", 65, "", "", false, 8, 8},
    {"SH", 290, "", "", false, 4, 5}, {"SI", 386, "0", "", false, 8, 8}, {"SJ", 47, "", "", false, 8, 8},
    {"SK", 421, "0", "", false, 9, 9}, {"SL", 232, "0", "", false, 8, 8}, {"SM", 378, "", "", true, 6, 10},
    {"SN", 221, "", "", false, 9, 9}, {"SO", 252, "0", "", false, 7, 9}, {"SR", 597, "", "", false, 6, 7},
    {"SS", 211, "0", "", false, 9, 9}, {"ST", 239, "", "", false, 7, 7}, {"SV", 503, "", "", false, 8, 8},
    {"SX", 1, "1", "", false, 10, 10}, {"SY", 963, "0", "", false, 8, 9}, {"SZ", 268, "", "", false, 8, 8},
    {"TC", 1, "1", "", false, 10, 10}, {"TD", 235, "", "", false, 8, 8}, {"TF", 262, "0", "", false, 9, 9},
    {"TG", 228, "", "", false, 8, 8}, {"TH", 66, "0", "", false, 8, 9}, {"TJ", 992, "", "", false, 9, 9},
    {"TK", 690, "", "", false, 4, 7}, {"TL", 670, "", "", false, 7, 8}, {"TM", 993, "8", "", false, 8, 8},
    {"TN", 216, "", "", false, 8, 8}, {"TO", 676, "", "", false, 5, 7}, {"TR", 90, "0", "", false, 10, 10},
    {"TT", 1, "1", "", false, 10, 10}, {"TV", 688, "", "", false, 5, 7}, {"TW", 886, "0", "", false, 8, 11},
    {"TZ", 255, "0", "", false, 9, 9}, {"UA", 380, "0", "", false, 9, 9}, {"UG", 256, "0", "", false, 9, 9},
    {"UM", 1, "1", "", false, 10, 10}, {"US", 1, "1", "", false, 10, 10}, {"UY", 598, "0", "", false, 8, 8},
    {"UZ", 998, "", "", false, 9, 9}, {"VA", 39, "", "", true, 6, 11}, {"VC", 1, "1", "", false, 10, 10},
    {"VE", 58, "0", "", false, 10, 10}, {"VG", 1, "1", "", false, 10, 10}, {"VI", 1, "1", "", false, 10, 10},
    {"VN", 84, "0", "", false, 9, 10}, {"VU", 678, "", "", false, 5, 7}, {"WF", 681, "", "", false, 6, 6},
    {"WS", 685, "", "", false, 5, 7}, {"XK", 383, "0", "", false, 8, 12}, {"YE", 967, "0", "", false, 7, 9},
    {"YT", 262, "0", "", false, 9, 9}, {"ZA", 27, "0", "", false, 9, 9}, {"ZM", 260, "0", "", false, 9, 9},
    {"ZW", 263, "0", "", false, 7, 10},
};

const size_t od__country_count = sizeof od__countries / sizeof od__countries[0];

/* 247 is Ascension, which ISO counts to St Helena; those without letters are networks, satellites and shared services. */
const od_calling_code od__calling_codes[] = {
    {1, "US"}, {7, "RU"}, {20, "EG"}, {27, "ZA"}, {30, "GR"}, {31, "NL"}, {32, "BE"}, {33, "FR"}, {34, "ES"},
    {36, "HU"}, {39, "IT"}, {40, "RO"}, {41, "CH"}, {43, "AT"}, {44, "GB"}, {45, "DK"}, {46, "SE"}, {47, "NO"},
    {48, "PL"}, {49, "DE"}, {51, "PE"}, {52, "MX"}, {53, "CU"}, {54, "AR"}, {55, "BR"}, {56, "CL"}, {57, "CO"},
    {58, "VE"}, {60, "MY"}, {61, "AU"}, {62, "ID"}, {63, "PH"}, {64, "NZ"}, {65, "SG"}, {66, "TH"}, {81, "JP"},
    {82, "KR"}, {84, "VN"}, {86, "CN"}, {90, "TR"}, {91, "IN"}, {92, "PK"}, {93, "AF"}, {94, "LK"}, {95, "MM"},
    {98, "IR"}, {211, "SS"}, {212, "MA"}, {213, "DZ"}, {216, "TN"}, {218, "LY"}, {220, "GM"}, {221, "SN"},
    {222, "MR"}, {223, "ML"}, {224, "GN"}, {225, "CI"}, {226, "BF"}, {227, "NE"}, {228, "TG"}, {229, "BJ"},
    {230, "MU"}, {231, "LR"}, {232, "SL"}, {233, "GH"}, {234, "NG"}, {235, "TD"}, {236, "CF"}, {237, "CM"},
    {238, "CV"}, {239, "ST"}, {240, "GQ"}, {241, "GA"}, {242, "CG"}, {243, "CD"}, {244, "AO"}, {245, "GW"},
    {246, "IO"}, {247, "SH"}, {248, "SC"}, {249, "SD"}, {250, "RW"}, {251, "ET"}, {252, "SO"}, {253, "DJ"},
    {254, "KE"}, {255, "TZ"}, {256, "UG"}, {257, "BI"}, {258, "MZ"}, {260, "ZM"}, {261, "MG"}, {262, "RE"},
    {263, "ZW"}, {264, "NA"}, {265, "MW"}, {266, "LS"}, {267, "BW"}, {268, "SZ"}, {269, "KM"}, {290, "SH"},
    {291, "ER"}, {297, "AW"}, {298, "FO"}, {299, "GL"}, {350, "GI"}, {351, "PT"}, {352, "LU"}, {353, "IE"},
    {354, "IS"}, {355, "AL"}, {356, "MT"}, {357, "CY"}, {358, "FI"}, {359, "BG"}, {370, "LT"}, {371, "LV"},
    {372, "EE"}, {373, "MD"}, {374, "AM"}, {375, "BY"}, {376, "AD"}, {377, "MC"}, {378, "SM"}, {379, "VA"},
    {380, "UA"}, {381, "RS"}, {382, "ME"}, {383, "XK"}, {385, "HR"}, {386, "SI"}, {387, "BA"}, {389, "MK"},
    {420, "CZ"}, {421, "SK"}, {423, "LI"}, {500, "FK"}, {501, "BZ"}, {502, "GT"}, {503, "SV"}, {504, "HN"},
    {505, "NI"}, {506, "CR"}, {507, "PA"}, {508, "PM"}, {509, "HT"}, {590, "GP"}, {591, "BO"}, {592, "GY"},
    {593, "EC"}, {594, "GF"}, {595, "PY"}, {596, "MQ"}, {597, "SR"}, {598, "UY"}, {599, "CW"}, {670, "TL"},
    {672, "NF"}, {673, "BN"}, {674, "NR"}, {675, "PG"}, {676, "TO"}, {677, "SB"}, {678, "VU"}, {679, "FJ"},
    {680, "PW"}, {681, "WF"}, {682, "CK"}, {683, "NU"}, {685, "WS"}, {686, "KI"}, {687, "NC"}, {688, "TV"},
    {689, "PF"}, {690, "TK"}, {691, "FM"}, {692, "MH"}, {800, ""}, {808, ""}, {850, "KP"}, {852, "HK"}, {853, "MO"},
    {855, "KH"}, {856, "LA"}, {870, ""}, {878, ""}, {880, "BD"}, {881, ""}, {882, ""}, {883, ""}, {886, "TW"},
    {960, "MV"}, {961, "LB"}, {962, "JO"}, {963, "SY"}, {964, "IQ"}, {965, "KW"}, {966, "SA"}, {967, "YE"},
    {968, "OM"}, {970, "PS"}, {971, "AE"}, {972, "IL"}, {973, "BH"}, {974, "QA"}, {975, "BT"}, {976, "MN"},
    {977, "NP"}, {979, ""}, {992, "TJ"}, {993, "TM"}, {994, "AZ"}, {995, "GE"}, {996, "KG"}, {998, "UZ"},
};

const size_t od__calling_code_count = sizeof od__calling_codes / sizeof od__calling_codes[0];

static char capital(char letter) {
    return letter >= 'a' && letter <= 'z' ? (char)(letter - 'a' + 'A') : letter;
}

const od_country *od__country_find(const char *iso, size_t length) {
    if (length != 2)
        return NULL;
    const char wanted[2] = {capital(iso[0]), capital(iso[1])};
    size_t from = 0, to = od__country_count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = memcmp(wanted, od__countries[middle].iso, sizeof wanted);
        if (order == 0)
            return &od__countries[middle];
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}

static const od_calling_code *find_code(unsigned code) {
    size_t from = 0, to = od__calling_code_count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (od__calling_codes[middle].code == code)
            return &od__calling_codes[middle];
        if (code < od__calling_codes[middle].code)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}

const od_calling_code *od__calling_code_of(const char *digits, size_t count, size_t *code_digits) {
    unsigned code = 0;
    if (count > 0 && digits[0] == '0')
        return NULL;
    for (size_t i = 0; i < count && i < OD_CALLING_CODE_DIGITS; i++) {
        code = code * 10 + (unsigned)(digits[i] - '0');
        const od_calling_code *found = find_code(code);
        if (found != NULL) {
            *code_digits = i + 1;
            return found;
        }
    }
    return NULL;
}
