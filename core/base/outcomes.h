/* base/outcomes: the words for how a placed call ended, for every room that speaks of outcomes without knowing operations. */
#ifndef OD_BASE_OUTCOMES_H
#define OD_BASE_OUTCOMES_H

#pragma GCC visibility push(hidden)

#define OD_OUTCOMES(XX)                                                                                           \
    XX(answered) XX(machine) XX(fax) XX(no_answer) XX(busy) XX(declined) XX(abandoned) XX(invalid_number)          \
    XX(blocked) XX(expired) XX(failed) XX(canceled) XX(unreported) XX(unclassified)

typedef enum od_outcome_kind {
#define OD_OUTCOME_ENUM(name) OD_OUTCOME_##name,
    OD_OUTCOMES(OD_OUTCOME_ENUM)
#undef OD_OUTCOME_ENUM
} od_outcome_kind;

/* Returns the word; static. */
const char *od__outcome_name(od_outcome_kind kind);

#pragma GCC visibility pop
#endif
