/* CCAI Platform: what its words for the state and the end of a call mean. */
#include "vendors/ccai_platform.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct state {
    const char *literal;
    od_ccai_phase phase;
    od_outcome_kind kind;
    od_rang rang;
} states[] = {
    { "selecting", OD_CCAI_LIVE, OD_OUTCOME_unclassified, OD_RANG_UNKNOWN },
    { "scheduled", OD_CCAI_LIVE, OD_OUTCOME_unclassified, OD_RANG_UNKNOWN },
    { "queued", OD_CCAI_LIVE, OD_OUTCOME_unclassified, OD_RANG_UNKNOWN },
    { "assigned", OD_CCAI_LIVE, OD_OUTCOME_unclassified, OD_RANG_UNKNOWN },
    { "connecting", OD_CCAI_LIVE, OD_OUTCOME_unclassified, OD_RANG_UNKNOWN },
    { "switching", OD_CCAI_LIVE, OD_OUTCOME_unclassified, OD_RANG_UNKNOWN },
    { "connected", OD_CCAI_LIVE, OD_OUTCOME_unclassified, OD_RANG_UNKNOWN },
    { "finished", OD_CCAI_ENDED, OD_OUTCOME_answered, OD_RANG_YES },   /* and its finish_reason */
    { "recovered", OD_CCAI_ENDED, OD_OUTCOME_answered, OD_RANG_YES },  /* the callback of a failed one went well */
    { "failed", OD_CCAI_FAILED, OD_OUTCOME_failed, OD_RANG_UNKNOWN },  /* and its fail_reason */
    { "cancelled", OD_CCAI_ENDED, OD_OUTCOME_canceled, OD_RANG_NO },   /* it still waited for its time or in the queue */
    { "canceled", OD_CCAI_ENDED, OD_OUTCOME_canceled, OD_RANG_NO },
    { "completed", OD_CCAI_ENDED, OD_OUTCOME_canceled, OD_RANG_UNKNOWN }, /* canceled after it was dialled */
    { "deflected", OD_CCAI_ENDED, OD_OUTCOME_failed, OD_RANG_UNKNOWN },   /* the queue was full or closed */
    { "voicemail", OD_CCAI_UNSURE, OD_OUTCOME_answered, OD_RANG_YES },    /* the person leaves a message */
    { "voicemail_received", OD_CCAI_ENDED, OD_OUTCOME_answered, OD_RANG_YES },
    { "voicemail_read", OD_CCAI_ENDED, OD_OUTCOME_answered, OD_RANG_YES },
    { "action_only", OD_CCAI_UNSURE, OD_OUTCOME_unclassified, OD_RANG_UNKNOWN }, /* on somebody else's telephony */
    { "action_only_finished", OD_CCAI_ENDED, OD_OUTCOME_unclassified, OD_RANG_UNKNOWN },
    { NULL, OD_CCAI_UNSURE, OD_OUTCOME_unclassified, OD_RANG_UNKNOWN },
};

/* Each reason has a word and a number; either may come. `rang` is no only where the vendor's words prove it. */
#define REASON(word, number, what, did) \
    { word, OD_OUTCOME_##what, OD_RANG_##did }, { number, OD_OUTCOME_##what, OD_RANG_##did }

static const od_outcome_row fail_reasons[] = {
    REASON("nothing", "0", failed, UNKNOWN),
    REASON("unknown", "10001", failed, UNKNOWN),
    REASON("expired", "11001", expired, UNKNOWN),              /* connecting took too long */
    REASON("transfer_expired", "11002", expired, UNKNOWN),
    REASON("eu_canceled", "20001", abandoned, YES),            /* hung up while being connected to the agent */
    REASON("eu_rejected", "20002", declined, YES),
    REASON("eu_abandoned", "20003", abandoned, UNKNOWN),       /* gave up in the queue */
    REASON("eu_in_menu_abandoned", "20004", abandoned, YES),
    REASON("eu_repeated_voicemail", "20005", blocked, UNKNOWN),
    REASON("eu_repeated_callback", "20006", blocked, UNKNOWN),
    REASON("eu_busy", "21001", busy, UNKNOWN),                 /* some phones report a declined call so */
    REASON("eu_wrong_number", "21002", invalid_number, UNKNOWN),
    REASON("eu_no_answer", "21003", no_answer, YES),
    REASON("eu_noti_failed", "22001", failed, UNKNOWN),
    REASON("ag_canceled", "30001", canceled, UNKNOWN),
    REASON("ag_ignored", "30002", failed, UNKNOWN),
    REASON("ag_mic_no_device", "31001", failed, UNKNOWN),
    REASON("ag_mic_denied", "31002", failed, UNKNOWN),
    REASON("voip_twilio_error", "41001", failed, UNKNOWN),
    REASON("voip_tokbox_error", "42001", failed, UNKNOWN),
    REASON("voip_invalid_token", "43001", failed, UNKNOWN),
    REASON("voip_conn_general", "44001", failed, UNKNOWN),
    REASON("voip_conn_timeout", "44002", failed, UNKNOWN),
    REASON("voip_conn_signal", "44003", failed, UNKNOWN),
    REASON("voip_nexmo_error", "45001", failed, UNKNOWN),
    REASON("stuck_due_to_api_error", "50001", failed, UNKNOWN),
    REASON("group_deleted_no_substitute", "50002", failed, UNKNOWN),
    REASON("menu_deleted", "50003", failed, UNKNOWN),
    REASON("direct_pstn_call_to_fallback_number", "60001", unclassified, UNKNOWN),
    { NULL, OD_OUTCOME_unclassified, OD_RANG_UNKNOWN },
};

/* Only calls that were connected have one. */
static const od_outcome_row finish_reasons[] = {
    { "no_reason", OD_OUTCOME_answered, OD_RANG_YES },
    REASON("virtual_agent_escalation_failed", "20001", answered, YES),
    REASON("va_callback_machine_detected", "60001", machine, YES),
    { NULL, OD_OUTCOME_unclassified, OD_RANG_YES },
};

void od__ccai_word(const od_value *value, char out[OD_CCAI_WORD_BYTES]) {
    char number[24];
    const char *text = value ? od_value_string(value) : NULL;
    if (value && od_value_type(value) == OD_TYPE_INTEGER) {
        snprintf(number, sizeof number, "%" PRId64, od_value_integer(value));
        text = number;
    }
    size_t i = 0;
    for (; text && text[i] && i + 1 < OD_CCAI_WORD_BYTES; i++)
        out[i] = text[i] == ' ' ? '_' : (char)tolower((unsigned char)text[i]);
    out[i] = '\0';
}

bool od__ccai_is_set(const od_value *call, const char *key) {
    const od_value *member = od_value_get(call, key);
    return member && od_value_type(member) != OD_TYPE_NULL;
}

static const struct state *state_of(const od_value *call) {
    char word[OD_CCAI_WORD_BYTES];
    od__ccai_word(od_value_get(call, "status"), word);
    const struct state *state = states;
    while (state->literal && strcmp(state->literal, word) != 0)
        state++;
    return state;
}

od_ccai_phase od__ccai_phase(const od_value *call) {
    od_ccai_phase phase = state_of(call)->phase;
    return phase != OD_CCAI_UNSURE ? phase : od__ccai_is_set(call, "ends_at") ? OD_CCAI_ENDED : OD_CCAI_LIVE;
}

od_outcome_row od__ccai_outcome(const od_value *call) {
    const struct state *state = state_of(call);
    od_outcome_row outcome = { state->literal, state->kind, state->rang };
    char word[OD_CCAI_WORD_BYTES];
    if (state->phase == OD_CCAI_FAILED) {
        od__ccai_word(od_value_get(call, "fail_reason"), word);
        if (word[0])
            outcome = *od__outcome_row(fail_reasons, word);
    } else if (state->literal && strcmp(state->literal, "finished") == 0) {
        od__ccai_word(od_value_get(call, "finish_reason"), word);
        if (word[0])
            outcome = *od__outcome_row(finish_reasons, word);
    } else if (state->literal && strcmp(state->literal, "completed") == 0 && od__ccai_is_set(call, "connected_at")) {
        outcome = (od_outcome_row){ state->literal, OD_OUTCOME_answered, OD_RANG_YES };
    }
    return outcome;
}
