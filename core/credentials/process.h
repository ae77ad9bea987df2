/* credentials/process: keys that a program prints. */
#ifndef OD_CREDENTIALS_PROCESS_H
#define OD_CREDENTIALS_PROCESS_H

#include "credentials/credentials.h"

#pragma GCC visibility push(hidden)

#define OD_PROCESS_OUTPUT_BYTES (64u * 1024)
#define OD_PROCESS_COMPLAINT_BYTES 300        /* of what it writes to standard error, for the message */
#define OD_PROCESS_TIME_MS 60000
#define OD_PROCESS_POLL_MS 20                 /* between looks where the kernel has no descriptor for a process */
#define OD_PROCESS_LAST_WAIT_MS 1000          /* for a killed program to go, when its source is freed */

/* A source that runs command (copied) for each fetch: without a shell, standard input empty, in a process group of its own
 * that is killed when the time is over. Never touches SIGCHLD, and waits for its own child alone. Errors: out_of_memory. */
od_status od__credentials_process_new(const od_credential_setup *setup, const char *command, od_credential_source **out,
                                      od_error *err);

#pragma GCC visibility pop

#endif
