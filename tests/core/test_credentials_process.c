/* Keys from programs: real ones, small and without a shell, against a clock that only the test moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "credentials/child.h"
#include "credentials/process.h"
#include "credentials_rig.h"

static void open_with(cred_rig *r, const char *command) {
    cred_open(r);
    assert_int_equal(od__credentials_process_new(&r->setup, command, &r->source, NULL), OD_OK);
    cred_listen(r);
}

/* Runs a command to its end and expects an error of it. */
static void expect_failure(const char *command, const char *expected) {
    cred_rig r;
    open_with(&r, command);
    cred_expect_wait(&r);
    cred_wait_ready(&r);
    cred_expect_error(&r, true, expected);
    cred_close(&r);
}

/* There is no child left to wait for: neither running nor ended. */
static void assert_no_children(void) {
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

#define KEYS "{\"Version\":1,\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"SK\""

static void a_program_prints_keys(void **state) {
    (void)state;
    cred_rig r;
    open_with(&r, "/bin/echo '" KEYS ",\"SessionToken\":\"TK\",\"Expiration\":\"2015-08-30T13:36:00Z\",\"AccountId\":\"1\"}'");
    cred_expect_wait(&r);
    cred_expect_wait(&r); /* and again: one program runs */
    cred_wait_ready(&r);
    cred_expect_keys(&r, "AK SK TK", 1440938160000 + 3600000);
    assert_int_equal(r.ready, 1);
    /* Asked anew it runs anew. */
    cred_expect_wait(&r);
    cred_wait_ready(&r);
    cred_expect_keys(&r, "AK SK TK", 1440938160000 + 3600000);
    cred_close(&r);
    assert_no_children();
}

static void keys_without_token_and_end(void **state) {
    (void)state;
    cred_rig r;
    open_with(&r, "echo '" KEYS "}'"); /* found through PATH */
    cred_expect_wait(&r);
    cred_wait_ready(&r);
    cred_expect_keys(&r, "AK SK -", 0);
    cred_close(&r);
}

static void words_reach_the_program_as_they_are(void **state) {
    (void)state;
    cred_rig r;
    char command[256];
    cred_open(&r);
    const char *path = cred_file(&r, "a $HOME file.json", KEYS "}");
    snprintf(command, sizeof(command), "/bin/cat \"%s\"", path);
    assert_int_equal(od__credentials_process_new(&r.setup, command, &r.source, NULL), OD_OK);
    cred_listen(&r);
    cred_expect_wait(&r);
    cred_wait_ready(&r);
    cred_expect_keys(&r, "AK SK -", 0);
    cred_close(&r);
}

static void standard_input_is_empty(void **state) {
    (void)state;
    expect_failure("/bin/cat", "protocol: process: the output is not JSON: line 1, column 0: unexpected token near end of file");
}

static const struct { const char *command, *error; } failures[] = {
    { "/bin/echo rubbish", "protocol: process: the output is not JSON: line 1, column 7: invalid token" },
    { "/bin/echo []", "protocol: process: the output is not a JSON object" },
    { "/bin/echo '{}'", "protocol: process: Version in the output is not 1" },
    { "/bin/echo '{\"Version\":2,\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"SK\"}'",
      "protocol: process: Version in the output is not 1" },
    { "/bin/echo '{\"Version\":\"1\"}'", "protocol: process: Version in the output is not 1" },
    { "/bin/echo '{\"Version\":1,\"SecretAccessKey\":\"SK\"}'", "protocol: process: there is no AccessKeyId in the answer" },
    { "/bin/echo '{\"Version\":1,\"AccessKeyId\":\"\",\"SecretAccessKey\":\"SK\"}'",
      "protocol: process: there is no AccessKeyId in the answer" },
    { "/bin/echo '{\"Version\":1,\"AccessKeyId\":\"AK\"}'", "protocol: process: there is no SecretAccessKey in the answer" },
    { "/bin/echo '{\"Version\":1,\"AccessKeyId\":\"AK\",\"SecretAccessKey\":7}'",
      "protocol: process: SecretAccessKey is no text" },
    { "/bin/echo '" KEYS ",\"Expiration\":\"tomorrow\"}'", "protocol: process: Expiration is no time" },
    { "/bin/echo '{\"Version\":1,\"AccessKeyId\":\"A\\u0007K\",\"SecretAccessKey\":\"SK\"}'",
      "authentication: process: AccessKeyId has a control character in it" },
    { "/bin/false", "authentication: process: the program failed with exit status 1" },
    { "/bin/cat /nonexistent/file",
      "authentication: process: the program failed with exit status 1: /bin/cat: /nonexistent/file: No such file or "
      "directory" },
    { "/usr/bin/head -c 65537 /dev/zero", "protocol: process: the program wrote more than 65536 bytes" },
    { "/usr/bin/yes", "protocol: process: the program wrote more than 65536 bytes" },
    { "/bin/cat /dev/zero", "protocol: process: the program wrote more than 65536 bytes" },
    { "/usr/bin/env --unknown-option",
      "authentication: process: the program failed with exit status 125: /usr/bin/env: unrecognized option "
      "'--unknown-option' Try '/usr/bin/env --help' for more information." },
};

static void what_programs_do_wrong_is_told(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
        expect_failure(failures[i].command, failures[i].error);
    assert_no_children();
}

static const struct { const char *command, *error; } refusals[] = {
    { "/nonexistent/program", "authentication: process: cannot run \"/nonexistent/program\": No such file or directory" },
    { "/tmp", "authentication: process: cannot run \"/tmp\": Permission denied" },
    { "'unclosed", "authentication: process: a quote in the command is not closed" },
    { "  ", "authentication: process: the command names no program" },
};

/* Below valgrind a child does not share its parent's memory, and posix_spawn cannot tell that it could not run. */
static void need_spawn_that_tells(void) {
    char *const words[] = { "/nonexistent/program", NULL };
    char *const nothing[] = { NULL };
    pid_t pid = 0;
    if (posix_spawn(&pid, words[0], NULL, NULL, words, nothing) != 0)
        return;
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    skip();
}

static void a_program_that_cannot_run_is_told_at_once(void **state) {
    (void)state;
    need_spawn_that_tells();
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        cred_rig r;
        open_with(&r, refusals[i].command);
        cred_expect_error(&r, true, refusals[i].error);
        assert_int_equal(r.ready, 0);
        cred_close(&r);
    }
    assert_no_children();
}

static void a_script_without_a_first_line_is_not_given_to_a_shell(void **state) {
    (void)state;
    need_spawn_that_tells();
    cred_rig r;
    cred_open(&r);
    const char *path = cred_file(&r, "script", "echo '" KEYS "}'\n");
    assert_int_equal(chmod(path, 0700), 0);
    assert_int_equal(od__credentials_process_new(&r.setup, path, &r.source, NULL), OD_OK);
    char expected[256];
    snprintf(expected, sizeof(expected), "authentication: process: cannot run \"%s\": Exec format error", path);
    cred_expect_error(&r, true, expected);
    cred_close(&r);
}

/* Waits until the kernel says that the process is gone; the loop reaps it. */
static void wait_for_reaping(cred_rig *r) {
    siginfo_t info;
    while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
        cred_wait(r);
}

static void a_program_that_never_ends_is_killed(void **state) {
    (void)state;
    cred_rig r;
    open_with(&r, "/bin/sleep 1000");
    cred_expect_wait(&r);
    cred_pass(&r, 59999);
    assert_int_equal(r.ready, 0);
    cred_pass(&r, 1);
    assert_int_equal(r.ready, 1);
    cred_answer answer = cred_get(&r);
    assert_string_equal(cred_error_text(&answer.error),
                        "timeout: process: the program did not end within 60 s and was killed");
    assert_true(answer.error.retryable);
    wait_for_reaping(&r);
    assert_no_children();
    /* And the source can go on. */
    cred_expect_wait(&r);
    cred_close(&r);
    assert_no_children();
}

static void a_program_that_closes_its_output_and_stays_is_killed(void **state) {
    (void)state;
    cred_rig r;
    open_with(&r, "/usr/bin/perl -e 'close(STDOUT); close(STDERR); sleep(1000)'");
    cred_expect_wait(&r);
    for (int i = 0; i < 20; i++)
        assert_int_equal(od__loop_step(r.loop, 5, NULL), OD_OK);
    assert_int_equal(r.ready, 0);
    cred_pass(&r, 60000);
    cred_expect_error(&r, true, "timeout: process: the program did not end within 60 s and was killed");
    cred_close(&r);
    assert_no_children();
}

static void a_program_is_killed_with_its_source(void **state) {
    (void)state;
    cred_rig r;
    open_with(&r, "/bin/sleep 1000");
    cred_expect_wait(&r);
    cred_close(&r);
    assert_no_children();
}

/* The host's own children and its SIGCHLD are left alone. */
static volatile sig_atomic_t heard;

static void hear(int number) {
    (void)number;
    heard++;
}

static void other_children_are_left_alone(void **state) {
    (void)state;
    struct sigaction own = { .sa_handler = hear }, before, now;
    assert_int_equal(sigaction(SIGCHLD, &own, &before), 0);
    pid_t other = fork();
    if (other == 0)
        _exit(7);
    cred_rig r;
    open_with(&r, "/bin/echo '" KEYS "}'");
    cred_expect_wait(&r);
    cred_wait_ready(&r);
    cred_expect_keys(&r, "AK SK -", 0);
    cred_close(&r);
    int status = 0;
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_int_equal(sigaction(SIGCHLD, NULL, &now), 0);
    assert_true(now.sa_handler == hear);
    assert_true(heard >= 1);
    sigaction(SIGCHLD, &before, NULL);
}

static void a_host_that_ignores_its_children_still_gets_keys(void **state) {
    (void)state;
    struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
    assert_int_equal(sigaction(SIGCHLD, &ignore, &before), 0);
    cred_rig r;
    open_with(&r, "/bin/echo '" KEYS "}'");
    cred_expect_wait(&r);
    cred_wait_ready(&r);
    cred_expect_keys(&r, "AK SK -", 0);
    cred_close(&r);
    sigaction(SIGCHLD, &before, NULL);
}

static void signals_of_the_host_do_not_reach_into_the_program(void **state) {
    (void)state;
    struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
    sigset_t all, mask;
    sigfillset(&all);
    assert_int_equal(sigaction(SIGTERM, &ignore, &before), 0);
    sigprocmask(SIG_SETMASK, &all, &mask);
    expect_failure("/usr/bin/perl -e 'kill(15, $$)'",
                   "authentication: process: the program was ended by signal 15");
    sigprocmask(SIG_SETMASK, &mask, NULL);
    sigaction(SIGTERM, &before, NULL);
}

/* A daemon that keeps the pipes is not waited for. */
static void a_grandchild_is_not_waited_for(void **state) {
    (void)state;
    cred_rig r;
    open_with(&r, "/usr/bin/perl -e '$| = 1; print q(" KEYS "}); sleep(3) if fork() == 0'");
    cred_expect_wait(&r);
    cred_wait_ready(&r);
    cred_expect_keys(&r, "AK SK -", 0);
    cred_close(&r);
}

/* Makes the kernel an older one, which has no descriptor for a process. */
static bool forget_pidfds(void) {
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { .len = sizeof(rules) / sizeof(rules[0]), .filter = rules };
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 &&
           syscall(SYS_pidfd_open, getpid(), 0) == -1 && errno == ENOSYS;
}

/* In a process of its own, which ends with 0 if all is well: keys come, and a program that stays is killed and reaped. */
static int run_without_pidfds(void) {
    siginfo_t info;
    cred_rig r;
    if (!forget_pidfds())
        return 2;
    open_with(&r, "/bin/echo '" KEYS "}'");
    cred_expect_wait(&r);
    /* Once it has ended, it takes one look. */
    if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) != 0)
        return 3;
    cred_pass(&r, OD_PROCESS_POLL_MS - 1);
    if (r.ready != 0)
        return 4;
    cred_pass(&r, 1);
    cred_expect_keys(&r, "AK SK -", 0);
    cred_close(&r);
    open_with(&r, "/bin/sleep 1000");
    cred_expect_wait(&r);
    cred_pass(&r, OD_PROCESS_TIME_MS);
    cred_expect_error(&r, true, "timeout: process: the program did not end within 60 s and was killed");
    if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) != 0)
        return 5;
    cred_pass(&r, OD_PROCESS_POLL_MS);
    if (waitpid(-1, NULL, WNOHANG) != -1)
        return 6;
    cred_expect_wait(&r);
    cred_close(&r);
    return waitpid(-1, NULL, WNOHANG) == -1 ? 0 : 7;
}

static void a_kernel_without_pidfds_will_do(void **state) {
    (void)state;
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(run_without_pidfds());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_lack_of_memory_leaves_no_child(void **state) {
    (void)state;
    for (size_t n = 1; n < 12; n++) {
        cred_rig r;
        open_with(&r, "/bin/echo '" KEYS "}'");
        od__memory_fail_at(n);
        cred_answer answer = cred_get(&r);
        while (answer.waiting && r.ready == 0)
            cred_wait(&r);
        if (answer.waiting)
            answer = cred_get(&r);
        od__memory_fail_at(0);
        assert_true(answer.status == OD_OK || answer.status == OD_OUT_OF_MEMORY || answer.status == OD_PROTOCOL);
        cred_close(&r);
        assert_no_children();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_prints_keys),
        cmocka_unit_test(keys_without_token_and_end),
        cmocka_unit_test(words_reach_the_program_as_they_are),
        cmocka_unit_test(standard_input_is_empty),
        cmocka_unit_test(what_programs_do_wrong_is_told),
        cmocka_unit_test(a_program_that_cannot_run_is_told_at_once),
        cmocka_unit_test(a_script_without_a_first_line_is_not_given_to_a_shell),
        cmocka_unit_test(a_program_that_never_ends_is_killed),
        cmocka_unit_test(a_program_that_closes_its_output_and_stays_is_killed),
        cmocka_unit_test(a_program_is_killed_with_its_source),
        cmocka_unit_test(other_children_are_left_alone),
        cmocka_unit_test(a_host_that_ignores_its_children_still_gets_keys),
        cmocka_unit_test(signals_of_the_host_do_not_reach_into_the_program),
        cmocka_unit_test(a_grandchild_is_not_waited_for),
        cmocka_unit_test(a_kernel_without_pidfds_will_do),
        cmocka_unit_test(a_lack_of_memory_leaves_no_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
