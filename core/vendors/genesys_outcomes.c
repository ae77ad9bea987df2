/* Genesys: what the outbound server's call results mean. The numbers are its table GSW_CALL_RESULT, complete. A phone
 * that did not ring for sure is said only of tones of the network and of lines that were not to be had. */
#include "vendors/genesys.h"

#define ROW(number, what, rings) { #number, OD_OUTCOME_##what, OD_RANG_##rings }

const od_outcome_row od_genesys_outcomes[] = {
    ROW(0, unreported, UNKNOWN),      /* Ok: not set */
    ROW(1, answered, YES),            /* Transferred */
    ROW(2, answered, YES),            /* Conferenced */
    ROW(3, failed, UNKNOWN),          /* General Error */
    ROW(4, failed, UNKNOWN),          /* System Error */
    ROW(5, unclassified, UNKNOWN),    /* RemoteRelease: before or after an answer */
    ROW(6, busy, UNKNOWN),            /* Busy: a second call may be heard */
    ROW(7, no_answer, YES),           /* No Answer */
    ROW(8, failed, NO),               /* SIT Detected */
    ROW(9, machine, YES),             /* Answering Machine Detected */
    ROW(10, failed, NO),              /* All Trunks Busy */
    ROW(11, invalid_number, NO),      /* SIT Invalid Num */
    ROW(12, invalid_number, NO),      /* SIT VC (vacant code) */
    ROW(13, invalid_number, NO),      /* SIT IC (intercept) */
    ROW(14, failed, NO),              /* SIT Unknown Call State */
    ROW(15, failed, NO),              /* SIT NC (no circuit) */
    ROW(16, failed, NO),              /* SIT RO (reorder) */
    ROW(17, fax, YES),                /* Fax Detected */
    ROW(18, abandoned, YES),          /* Queue Full: answered, and nobody to talk to */
    ROW(19, unclassified, UNKNOWN),   /* Cleared */
    ROW(20, abandoned, YES),          /* Overflowed: as 18 */
    ROW(21, abandoned, YES),          /* Abandoned */
    ROW(22, unclassified, UNKNOWN),   /* Redirected */
    ROW(23, unclassified, UNKNOWN),   /* Forwarded */
    ROW(24, unclassified, UNKNOWN),   /* Consult */
    ROW(25, answered, YES),           /* PickedUp */
    ROW(26, abandoned, YES),          /* Dropped: by the dialler, after the answer */
    ROW(27, no_answer, YES),          /* Dropped on No Answer */
    ROW(28, unreported, UNKNOWN),     /* Unknown Call Result: what a new record has */
    ROW(29, unclassified, UNKNOWN),   /* Covered */
    ROW(30, unclassified, UNKNOWN),   /* Converse-On */
    ROW(31, unclassified, UNKNOWN),   /* Bridged */
    ROW(32, unclassified, YES),       /* Silence: picked up, and nobody spoke */
    ROW(33, answered, YES),           /* Answer */
    ROW(34, invalid_number, NO),      /* NU Tone */
    ROW(35, failed, NO),              /* No Dial Tone */
    ROW(36, failed, UNKNOWN),         /* No Progress */
    ROW(37, failed, UNKNOWN),         /* No RingBack Tone */
    ROW(38, failed, UNKNOWN),         /* No Established Detected */
    ROW(39, machine, YES),            /* Pager Detected */
    ROW(40, answered, YES),           /* Wrong Party */
    ROW(41, failed, UNKNOWN),         /* Dial Error */
    ROW(42, failed, UNKNOWN),         /* Call Drop Error */
    ROW(43, failed, UNKNOWN),         /* Switch Error */
    ROW(44, failed, NO),              /* No Port Available */
    ROW(45, failed, UNKNOWN),         /* Transfer Error */
    ROW(46, expired, UNKNOWN),        /* Stale */
    ROW(47, failed, UNKNOWN),         /* Agent CallBack Error */
    ROW(48, failed, UNKNOWN),         /* Group CallBack Error */
    ROW(49, unclassified, UNKNOWN),   /* Deafened */
    ROW(50, answered, YES),           /* Held */
    ROW(51, blocked, UNKNOWN),        /* Do Not Call */
    ROW(52, canceled, UNKNOWN),       /* Cancel Record */
    ROW(53, invalid_number, YES),     /* Wrong Number: somebody else has it */
    { NULL, OD_OUTCOME_unclassified, OD_RANG_UNKNOWN },
};
