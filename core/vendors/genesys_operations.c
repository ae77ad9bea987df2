/* Genesys: the table of operations. */
#include "vendors/genesys.h"

#define PRODUCT "Genesys Web Services REST API, "
#define JSON "application/json"
#define CALL "/api/v2/me/calls/{callId}"
#define RECORD "/api/v2/me/outbound-records/{recordHandle}"
#define CAMPAIGN "/api/v2/me/outbound-campaigns/{campaignName}"

#define READ(its_name, vendors_name, what, page, where, takes, gives)                                        \
    .name = its_name, .vendor_name = vendors_name, .summary = what, .source = PRODUCT page, .method = "GET", \
    .path = where, .input = &od_genesys_##takes##_input, .output = &od_genesys_##gives, .repeat = OD_REPEAT_SAFE
#define POST(its_name, vendors_name, what, page, where, takes)                                               \
    .name = its_name, .vendor_name = vendors_name, .summary = what, .source = PRODUCT page, .method = "POST", \
    .path = where, .input = &od_genesys_##takes##_input, .output = &od_genesys_accepted, .content_type = JSON

/* A second one changes nothing more: the first said what shall be. */
#define ABSOLUTE .repeat = OD_REPEAT_SAFE
/* A second one does more than the first, or something else. */
#define ONCE .repeat = OD_REPEAT_NEVER
/* A phone rings, now or when the vendor thinks fit. */
#define RINGS .rings = true, .repeat = OD_REPEAT_NEVER

/* An event tells when it was done. */
#define SETTLES .settling = &od_genesys_acknowledged

const od_operation od_genesys_operations[] = {
    /* the session */
    { READ("get_version", "GetVersion", "asks for the version; needs no user", "version of the diagnostics",
           "/api/v2/diagnostics/version", version, version_output),
      .unsigned_request = true },
    { READ("get_me", "GetMe", "reads the agent, with devices and live calls if asked", "users, GET /me", "/api/v2/me",
           me, me_output) },
    { READ("get_devices", "GetDevices", "lists the agent's devices", "devices, GET /me/devices",
           "/api/v2/me/devices", devices, devices_output) },
    { .name = "start_contact_center_session", .vendor_name = "StartContactCenterSession",
      .summary = "logs the agent in at the switch", .source = PRODUCT "Agent API, StartContactCenterSession",
      .method = "POST", .path = "/api/v2/me", .input = &od_genesys_start_session_input,
      .output = &od_genesys_partial_output, .content_type = JSON, ABSOLUTE, .session = OD_SESSION_STARTS,
      .settling = &od_genesys_logged_in,
      .refine = od__genesys_mark_partial },
    { .name = "end_contact_center_session", .vendor_name = "EndContactCenterSession",
      .summary = "logs the agent out and ends the web session; nothing goes after it",
      .source = PRODUCT "Agent API, EndContactCenterSession", .method = "POST", .path = "/api/v2/me",
      .input = &od_genesys_end_session_input, .output = &od_genesys_partial_output, .content_type = JSON, ABSOLUTE,
      .session = OD_SESSION_ENDS, .refine = od__genesys_mark_partial },
    { POST("ready", "Ready", "makes the agent ready for calls", "Agent API, Ready", "/api/v2/me/channels/voice", ready),
      ABSOLUTE },
    { POST("not_ready", "NotReady", "keeps calls of others away from the agent", "Agent API, NotReady",
           "/api/v2/me/channels/voice", not_ready),
      ABSOLUTE },

    /* calls */
    { POST("dial", "Dial", "dials a number on a device", "Voice API, Dial", "/api/v2/me/devices/{deviceId}/calls",
           dial),
      RINGS, .ears = OD_GENESYS_CALLS },
    { POST("answer", "Answer", "answers a ringing call", "Voice API, Answer", CALL, answer), ABSOLUTE },
    { POST("hangup", "Hangup", "ends a call", "Voice API, Hangup", CALL, hangup), ABSOLUTE },
    { POST("hold", "Hold", "puts a call on hold", "Voice API, Hold", CALL, hold), ABSOLUTE },
    { POST("retrieve", "Retrieve", "takes a call off hold", "Voice API, Retrieve", CALL, retrieve), ABSOLUTE },
    { POST("send_dtmf", "SendDtmf", "presses keys in a call", "Voice API, SendDtmf", CALL, send_dtmf), ONCE },
    { POST("attach_user_data", "AttachUserData", "adds data to a call, also under keys that it has",
           "Voice API, AttachUserData", CALL, attach_user_data),
      ONCE },
    { POST("update_user_data", "UpdateUserData", "sets data of a call", "Voice API, UpdateUserData", CALL,
           update_user_data),
      ABSOLUTE },
    { POST("delete_user_data", "DeleteUserData", "deletes data of a call; its fields are not established",
           "Voice API, DeleteUserData (named among a call's capabilities)", CALL, delete_user_data),
      ABSOLUTE },
    { POST("delete_user_data_pair", "DeleteUserDataPair", "deletes one key of a call's data; its fields are not established",
           "Voice API, DeleteUserDataPair (named among a call's capabilities)", CALL, delete_user_data_pair),
      ONCE },
    { POST("initiate_transfer", "InitiateTransfer", "calls whom a call shall be given to", "Voice API, InitiateTransfer",
           CALL, initiate_transfer),
      RINGS },
    { POST("complete_transfer", "CompleteTransfer", "gives the call away", "Voice API, CompleteTransfer", CALL,
           complete_transfer),
      ONCE },
    { POST("single_step_transfer", "SingleStepTransfer", "gives a call away without asking first",
           "Voice API, SingleStepTransfer", CALL, single_step_transfer),
      RINGS },
    { POST("initiate_conference", "InitiateConference", "calls whom a conference shall have in it",
           "Voice API, InitiateConference", CALL, initiate_conference),
      RINGS },
    { POST("complete_conference", "CompleteConference", "joins the calls", "Voice API, CompleteConference", CALL,
           complete_conference),
      ONCE },
    { POST("single_step_conference", "SingleStepConference", "calls somebody into the call",
           "Voice API, SingleStepConference", CALL, single_step_conference),
      RINGS },
    { POST("swap_calls", "SwapCalls", "goes from one call to the other", "Voice API, SwapCalls", CALL, swap_calls),
      ONCE },
    { POST("start_call_recording", "StartCallRecording", "starts recording a call", "Voice API, StartCallRecording",
           CALL, start_recording),
      ABSOLUTE },
    { POST("stop_call_recording", "StopCallRecording", "stops recording a call", "Voice API, StopCallRecording", CALL,
           stop_recording),
      ABSOLUTE },
    { POST("pause_call_recording", "PauseCallRecording", "pauses the recording of a call",
           "Voice API, PauseCallRecording", CALL, pause_recording),
      ABSOLUTE },
    { POST("resume_call_recording", "ResumeCallRecording", "goes on recording a call",
           "Voice API, ResumeCallRecording", CALL, resume_recording),
      ABSOLUTE },
    { POST("set_call_disposition", "SetCallDisposition", "says how a call went", "Voice API, SetCallDisposition",
           "/api/v2/me/devices/{deviceId}", disposition),
      ABSOLUTE },

    /* outbound records; those whose number or time may be called because of it ring */
    { POST("add_record", "AddRecord", "adds a record to an outbound campaign's list", "Outbound API, AddRecord",
           "/api/v2/me/outbound-records", add_record),
      RINGS, SETTLES },
    { POST("update_record", "UpdateRecord", "changes number, time or list of a record", "Outbound API, UpdateRecord",
           RECORD, update_record),
      RINGS, SETTLES },
    { POST("complete_record", "CompleteRecord", "says that a record is done with", "Outbound API, CompleteRecord",
           RECORD, complete_record),
      ABSOLUTE, SETTLES },
    { POST("reject_record", "RejectRecord", "gives a record back", "Outbound API, RejectRecord", RECORD, reject_record),
      ABSOLUTE, SETTLES },
    { POST("reschedule_record", "RescheduleRecord", "asks for a call at another time", "Outbound API, RescheduleRecord",
           RECORD, reschedule_record),
      RINGS, SETTLES },
    { POST("do_not_call_record", "DoNotCallRecord", "has a number or person called no more",
           "Outbound API, DoNotCallRecord", RECORD, do_not_call_record),
      ABSOLUTE, SETTLES },
    { POST("get_chained_record", "GetChainedRecord", "asks for the other records of a person, which come as events",
           "Outbound API, GetChainedRecord", RECORD, chained_record),
      ONCE, SETTLES },
    { POST("cancel_record", "CancelRecord", "takes a record back; its page could not be read",
           "Outbound API, CancelRecord (modelled on the other operations of a record)", RECORD, cancel_record),
      ABSOLUTE, SETTLES },

    /* preview */
    { POST("start_preview_session", "StartPreviewSession", "starts working for a campaign",
           "Outbound API, StartPreviewSession", CAMPAIGN, start_preview),
      ABSOLUTE, SETTLES },
    { POST("end_preview_session", "EndPreviewSession", "stops working for a campaign",
           "Outbound API, EndPreviewSession", CAMPAIGN, end_preview),
      ABSOLUTE, SETTLES },
    { POST("get_preview_record", "GetPreviewRecord", "asks for the next record, which comes as an event",
           "Outbound API, GetPreviewRecord", CAMPAIGN, preview_record),
      ONCE, SETTLES },
    { .name = NULL }
};
