/* base/limits: every ceiling of the library in one place; a number that bounds memory or time belongs here. */
#ifndef OD_BASE_LIMITS_H
#define OD_BASE_LIMITS_H

#pragma GCC visibility push(hidden)

#define OD_LIMIT_JSON_DEPTH 64                       /* nesting of parsed JSON */
#define OD_LIMIT_RESPONSE_BYTES (8u * 1024 * 1024)   /* body of one HTTP answer */
#define OD_LIMIT_RESPONSE_HEADER_BYTES (64u * 1024)  /* all header lines of one answer together */
#define OD_LIMIT_REQUEST_BYTES (4u * 1024 * 1024)    /* body of one HTTP request */
#define OD_LIMIT_RECORD_BYTES (16u * 1024 * 1024)    /* what a store keeps of one call: its body as JSON in JSON, and it */
#define OD_LIMIT_HEADERS 48                          /* header lines of one request */
#define OD_LIMIT_URL_BYTES (8u * 1024)
#define OD_LIMIT_FIELDS 64                           /* fields of one shape */
#define OD_LIMIT_OPERATIONS 64                       /* operations of one vendor */
#define OD_LIMIT_LOADED_VENDORS 64                   /* vendors that a program adds */
#define OD_LIMIT_RATE_WAITERS 100000                 /* requests that wait for one rate limiter */
#define OD_LIMIT_RATE_LATENESS_US 10000              /* how late a waiter may take its slot without moving those behind */
#define OD_LIMIT_RATE_JITTER_US 2000                 /* by how much less one request may be under way than the one before */
#define OD_LIMIT_CONNECTIONS 512                     /* open connections of one engine */
#define OD_LIMIT_NEAREST_BYTES 96                    /* longer names are not compared for "did you mean" */
#define OD_LIMIT_LOOP_EVENTS 256                     /* ready descriptors taken from the kernel at once */
#define OD_LIMIT_LOOP_ROUNDS 16                      /* how often one step runs work that its own work made due */
#define OD_LIMIT_LOOP_PUT_OFF 8                      /* steps that may go before work that waits for a quiet moment */
#define OD_LIMIT_BAYEUX_MESSAGES 100000              /* messages in one answer of a notification server */
#define OD_LIMIT_CHANNEL_BYTES 256                   /* one channel's name */
#define OD_LIMIT_CHANNELS 64                         /* channels of one subscription, and of one client */
#define OD_LIMIT_EVENTS_WAITING 1000                 /* events nobody has taken: from here on no more are fetched */
#define OD_LIMIT_EVENTS_REMEMBERED 128               /* of one client, for those who follow a call from later on */
#define OD_LIMIT_ADVICE_MS 3600000                   /* any time that a notification server may advise */
#define OD_LIMIT_FOREIGN_CLOCK_WAIT_MS 10            /* longest wait while a clock that is not the kernel's runs a timer */
#define OD_LIMIT_ZONE_NAME_BYTES 64                  /* "America/Argentina/ComodRivadavia" and its NUL */
#define OD_LIMIT_ZONE_FILE_BYTES (64u * 1024)        /* one TZif file; the largest of today have 4 KiB */
#define OD_LIMIT_ZONE_TAB_BYTES (256u * 1024)
#define OD_LIMIT_ABBREVIATION_BYTES 32               /* "EST" and its NUL, in a TZ string */
#define OD_LIMIT_ZONES 4096                          /* zones kept in memory */
#define OD_LIMIT_UNKNOWN_ZONES 256                   /* names remembered as unknown; then they are forgotten */
#define OD_LIMIT_CANDIDATE_ZONES 16                  /* zones that one contact may name */
#define OD_LIMIT_WINDOWS 16                          /* calling windows of one day */
#define OD_LIMIT_HOLIDAYS 2000                       /* of one ruleset */
#define OD_LIMIT_CAPS 32                             /* caps of one ruleset, and gaps */
#define OD_LIMIT_RULE_NAME 64                        /* characters in the name of one cap or gap */

#define OD_LIMIT_ROW_BYTES (1024u * 1024)            /* one record of a list */
#define OD_LIMIT_ROW_FIELD_BYTES (64u * 1024)        /* one field of it */
#define OD_LIMIT_ROW_FIELDS 512                      /* its columns */
#define OD_LIMIT_CONTACT_NUMBERS 16                  /* numbers of one contact */
#define OD_LIMIT_CONTACT_ID_BYTES 256                /* a contact's id, a person's id */
#define OD_LIMIT_CONTACT_ZONES_BYTES 1024            /* a contact's zones together */

#define OD_DEFAULT_TIMEOUT_MS 15000
#define OD_DEFAULT_CONNECT_TIMEOUT_MS 3100
#define OD_DEFAULT_MAX_ATTEMPTS 3
#define OD_DEFAULT_RESEND_WITHIN_MS 3000             /* R2 */
#define OD_RINGING_CONNECTION_AGE_S 5                /* an idle connection older than this carries no ringing request */

#pragma GCC visibility pop
#endif
