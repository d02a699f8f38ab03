/*
 * kit.c - running the tests of a module: files, processes, TAP.
 *
 * A test's process is a fork of this one, which has opened no store: what a
 * module does to its process (a crash, a loop, a changed locale) ends with it.
 */
#include "base/banned.h"

#include "kit/kit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "base/value.h"
#include "kit/internal.h"
#include "notify/mail.h"
#include "plugin/find.h"
#include "plugin/folder.h"
#include "plugin/host.h"
#include "plugin/lua_test.h"
#include "plugin/manifest.h"
#include "plugin/object.h"

enum {
    FILE_BYTES = 1024 * 1024,
    SECONDS = 60,       /* of one test */
    OUTPUT = 64 * 1024, /* what a test's process tells */
    ALLOCATIONS = 500,  /* at most so many runs with one that fails */
};

/* The run as a whole. */
struct run {
    struct ctx *ctx;
    const struct kit_options *options;
    const char *base, *id, *tests;
    int number, failed, sites;
};

/* What a test's process does; it writes to `out` and its status is the
 * process's: 0 passed. */
struct errand {
    const char *path; /* of the file */
    int index;        /* of the test; -1: lists them */
    long fail_at;     /* the allocation that fails; 0: none */
};

/* ---- inside the process of one test ---- */

static void take_mail(void *payload, const struct mail *mail)
{
    struct kit *kit = payload;
    struct value *row = value_map(kit->ctx->arena);

    value_set_text(row, "to", mail->to);
    value_set_text(row, "subject", mail->subject);
    value_set_text(row, "text", mail->text);
    value_append(kit->mails, row);
}

static void tell(int out, const char *text)
{
    size_t length = strlen(text);

    while (length) {
        ssize_t put = write(out, text, length);

        if (put <= 0)
            return;
        text += put;
        length -= (size_t)put;
    }
}

static int open_file(struct kit *kit, const char *path)
{
    struct ctx *ctx = kit->ctx;
    const char *source, *slash = strrchr(path, '/');
    size_t length;
    int rc = file_read(&source, &length, ctx, path, FILE_BYTES);

    if (!rc)
        rc = lua_test_open(&kit->lua, ctx, kit->id, kit_library, kit);
    if (!rc)
        rc = lua_test_load(
            kit->lua, ctx,
            arena_printf(ctx->arena, "tests/%s", slash ? slash + 1 : path),
            source, length);
    return rc;
}

static int perform(struct kit *kit, const struct errand *errand, int out)
{
    const struct kit_test *test;
    const char *error;
    size_t i;

    if (errand->index < 0) {
        for (i = 0; i < kit->tests.count; i++) {
            test = kit->tests.items[i];
            tell(out, test->name);
            tell(out, "\n");
        }
        return 0;
    }
    test = kit->tests.items[errand->index];
    host_alloc_fail(errand->fail_at);
    if (lua_test_run(&error, kit->lua, kit->ctx, test->reference)) {
        tell(out, error);
        return 1;
    }
    /* The run of failing allocations has come to its end. */
    return errand->fail_at && !host_alloc_failed() ? 2 : 0;
}

static int inside(const struct run *run, const struct errand *errand, int out)
{
    struct arena *arena = arena_new((size_t)1 << 30);
    struct ctx ctx;
    struct kit kit = { .ctx = &ctx, .id = run->id };
    int rc;

    alarm(SECONDS);
    log_level_set(LOG_WARN);
    ctx_init(&ctx, arena);
    kit.tokens = map_new(arena);
    kit.jars = map_new(arena);
    kit.mails = value_list(arena);
    vector_init(&kit.tests, arena);
    mail_catch(take_mail, &kit);
    rc = kit_site_open(&ctx, run->base,
                       arena_printf(arena, "%s/site-%d", run->base, run->sites),
                       run->id);
    if (!rc)
        rc = open_file(&kit, errand->path);
    if (!rc)
        return perform(&kit, errand, out);
    tell(out, ctx_error(&ctx));
    return 1;
}

/* ---- outside ---- */

/* What it told, and how it ended in words; NULL: it passed. */
static const char *run_child(const char **told, int *status, struct run *run,
                             const struct errand *errand)
{
    struct arena *arena = run->ctx->arena;
    char *text = arena_alloc(arena, OUTPUT);
    size_t length = 0;
    int pair[2], ended = 0;
    ssize_t got;
    pid_t pid;

    *told = text;
    *status = 1;
    run->sites++;
    fflush(stdout);
    if (pipe2(pair, O_CLOEXEC))
        return "no pipe";
    pid = fork();
    if (pid < 0)
        return "no process";
    if (pid == 0) {
        close(pair[0]);
        _exit(inside(run, errand, pair[1]));
    }
    close(pair[1]);
    while (length < OUTPUT - 1 &&
           (got = read(pair[0], text + length, OUTPUT - 1 - length)) > 0)
        length += (size_t)got;
    close(pair[0]);
    while (waitpid(pid, &ended, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(ended)) {
        *status = WEXITSTATUS(ended);
        return *status == 1 ? text : NULL;
    }
    return WTERMSIG(ended) == SIGALRM
               ? arena_printf(arena, "it did not end within %d s", SECONDS)
               : arena_printf(arena, "the process died of %s (%s)",
                              strsignal(WTERMSIG(ended)),
                              sigabbrev_np(WTERMSIG(ended)));
}

/* One line of TAP, with what went wrong as a YAML block. */
static void report(struct run *run, const char *name, const char *why)
{
    const char *at, *end;

    run->number++;
    printf("%sok %d - %s\n", why ? "not " : "", run->number, name);
    if (!why)
        return;
    run->failed++;
    printf("  ---\n  message: |\n");
    for (at = why; *at; at = *end ? end + 1 : end) {
        end = at + strcspn(at, "\n");
        printf("    %.*s\n", (int)(end - at), at);
    }
    printf("  ...\n");
}

/* The same test again and again, with the first, the second … allocation of
 * the module failing: whatever it answers, it must live. */
static void starve(struct run *run, const char *path, int index,
                   const char *name)
{
    struct errand errand = { .path = path, .index = index };
    const char *told, *why = NULL;
    int status = 0;

    for (errand.fail_at = 1; errand.fail_at <= ALLOCATIONS; errand.fail_at++) {
        why = run_child(&told, &status, run, &errand);
        /* Refusing is right; dying is not. */
        if (status == 2 || (why && why != told))
            break;
        why = NULL;
    }
    if (errand.fail_at == 1 && !why)
        return; /* it makes none */
    report(run,
           arena_printf(run->ctx->arena,
                        "%s: survives each of %ld failing allocations", name,
                        errand.fail_at - 1),
           why ? arena_printf(run->ctx->arena, "allocation %ld: %s",
                              errand.fail_at, why)
               : NULL);
}

static void run_file(struct run *run, const char *file)
{
    struct arena *arena = run->ctx->arena;
    const char *path = arena_printf(arena, "%s/%s", run->tests, file);
    struct errand errand = { .path = path, .index = -1 };
    const char *names, *told, *why, *only = run->options->only;
    int status;

    why = run_child(&names, &status, run, &errand);
    if (why) {
        report(run, file, why);
        return;
    }
    for (errand.index = 0; *names; errand.index++) {
        size_t length = strcspn(names, "\n");
        const char *name = arena_strndup(arena, names, length);

        names += length + (names[length] == '\n');
        if (only && !strstr(name, only))
            continue;
        why = run_child(&told, &status, run, &errand);
        report(run, name, why);
        if (!why && run->options->allocations)
            starve(run, path, errand.index, name);
    }
}

static int is_test(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && text_ends(entry->d_name, ".lua");
}

static int run_files(struct run *run)
{
    struct dirent **entries = NULL;
    int count = scandir(run->tests, &entries, is_test, alphasort), i;

    if (count <= 0) {
        free(entries);
        return fail(run->ctx, E_NOT_FOUND, "kit.no_tests",
                    "there are no tests in %s", run->tests);
    }
    printf("TAP version 14\n");
    for (i = 0; i < count; i++) {
        run_file(run, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    printf("1..%d\n", run->number);
    return 0;
}

/* What a module must never do (sdk.md, rule 7), as far as its imports say. */
static void check_imports(struct run *run, const struct tn_module *module)
{
    const char *found, *data;
    size_t length;

    if (!module->manifest->c ||
        file_read(&data, &length, run->ctx, module_entry_path(run->ctx, module),
                  (size_t)64 << 20))
        return;
    found = object_forbidden(run->ctx->arena, data, length);
    if (found)
        report(run, "the code calls nothing that modules must not",
               arena_printf(run->ctx->arena,
                            "it calls %s: a module never exits, forks, starts "
                            "threads, handles signals, changes folder or "
                            "locale",
                            found));
}

/* A folder in memory, where there is one. */
static const char *make_base(struct ctx *ctx)
{
    const char *temporary = getenv("TMPDIR");
    const char *const places[] = { "/dev/shm", temporary, "/tmp" };
    size_t i;

    for (i = 0; i < sizeof places / sizeof *places; i++) {
        char *path =
            text_empty(places[i])
                ? NULL
                : arena_printf(ctx->arena, "%s/tenon-test-XXXXXX", places[i]);

        if (path && mkdtemp(path))
            return path;
    }
    return NULL;
}

static int prepare(struct run *run, const struct tn_module *module)
{
    const char *kinds[] = { "plugins", "scripts" };
    struct arena *arena = run->ctx->arena;
    size_t i;

    run->base = make_base(run->ctx);
    if (!run->base)
        return fail(run->ctx, E_IO, "kit.folder",
                    "no folder for the tests can be made in %s", "/tmp");
    for (i = 0; i < 2; i++)
        if (mkdir(arena_printf(arena, "%s/%s", run->base, kinds[i]), 0700))
            return fail(run->ctx, E_IO, "kit.folder", "%s: %s", run->base,
                        strerrorname_np(errno));
    return folder_copy(run->ctx, run->options->folder,
                       arena_printf(arena, "%s/%s/%s", run->base,
                                    kinds[module->manifest->lua != NULL],
                                    run->id));
}

int kit_run(int *failed, struct ctx *ctx, const struct kit_options *options)
{
    struct run run = { .ctx = ctx, .options = options };
    const char *folder = realpath(options->folder, NULL), *slash;
    struct tn_module *module;
    int rc;

    if (!folder)
        return fail(ctx, E_NOT_FOUND, "kit.no_folder", "there is no folder %s",
                    options->folder);
    slash = strrchr(folder, '/');
    run.id = arena_strdup(ctx->arena, slash ? slash + 1 : folder);
    run.tests = options->tests ? options->tests
                               : arena_printf(ctx->arena, "%s/tests", folder);
    rc = module_read_at(&module, ctx, folder, run.id);
    free((void *)(uintptr_t)folder);
    if (!rc)
        rc = prepare(&run, module);
    if (!rc) {
        check_imports(&run, module);
        rc = run_files(&run);
    }
    if (run.base)
        (void)folder_remove(ctx, run.base);
    *failed = run.failed;
    return rc;
}
