/*
 * import.c - `tenon import FILE… --form NAME`: tables become records.
 *
 * Works on a served and an unserved site: the store's lock keeps it from
 * standing in anybody's way. Refused rows go into FILE.refused.csv.
 */
#include "base/banned.h"

#include <errno.h>
#include <fcntl.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/site.h"
#include "form/csv.h"
#include "form/import.h"
#include "plugin/plugin.h"

enum { IMPORT_BYTES_MAX = 128 * 1024 * 1024 };

/* The file of refused rows, opened with the first of them. */
struct refused {
    const char *path; /* "cities.csv.refused.csv" */
    FILE *file;
    int64_t rows;
};

struct import_command {
    struct ctx *ctx;
    struct import_file files[IMPORT_FILES_MAX];
    struct refused refused[IMPORT_FILES_MAX];
    size_t count;
    struct progress_bar bar;
};

static int write_row(struct ctx *ctx, struct refused *to, size_t columns,
                     const char *const *cells, const char *last)
{
    struct buf buf;
    size_t i;

    buf_init(&buf, ctx->arena, 16 * 1024 * 1024);
    for (i = 0; i < columns; i++)
        csv_write_cell(&buf, cells[i], i ? ',' : '\0');
    csv_write_cell(&buf, last, ',');
    buf_add_text(&buf, "\r\n");
    if (fwrite(buf_text(&buf), 1, buf.length, to->file) != buf.length)
        return fail(ctx, errno == ENOSPC ? E_FULL : E_IO,
                    "import.refused_write", "%s can't be written", to->path);
    return 0;
}

static int open_refused(struct ctx *ctx, struct refused *to,
                        const struct import_file *file)
{
    int fd = open(to->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    to->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!to->file)
        return fail(ctx, E_IO, "import.refused_write", "%s can't be written",
                    to->path);
    fputs("\xef\xbb\xbf", to->file);
    return write_row(ctx, to, file->columns, file->header, "refused because");
}

static int take_refused(struct ctx *ctx, void *payload,
                        const struct import_file *file,
                        const struct import_row *row, const char *reason)
{
    struct import_command *command = payload;
    struct refused *to = &command->refused[file - command->files];
    int rc = 0;

    if (!to->file)
        rc = open_refused(ctx, to, file);
    if (!rc)
        rc = write_row(ctx, to, file->columns, row->cells, reason);
    to->rows++;
    return rc;
}

static void show_progress(void *payload, int64_t done, int64_t total)
{
    struct import_command *command = payload;

    progress_show(&command->bar, done, total);
}

static int read_files(struct import_command *command, int argc, char **argv,
                      const char *sheet)
{
    struct ctx *ctx = command->ctx;
    const char *text, *slash;
    size_t length;
    int i, rc = 0;

    for (i = 1; !rc && i < argc; i++) {
        size_t at = command->count++;

        command->refused[at].path =
            arena_printf(ctx->arena, "%s.refused.csv", argv[i]);
        rc = file_read(&text, &length, ctx, argv[i], IMPORT_BYTES_MAX);
        if (rc == E_NOT_FOUND)
            rc =
                fail(ctx, rc, "import.no_file", "there is no file %s", argv[i]);
        if (rc)
            break;
        slash = strrchr(argv[i], '/');
        rc = import_read(&command->files[at], ctx, slash ? slash + 1 : argv[i],
                         text, length, sheet);
    }
    return rc;
}

static int close_refused(struct import_command *command)
{
    size_t i;
    int rc = 0;

    for (i = 0; i < command->count; i++)
        if (command->refused[i].file && fclose(command->refused[i].file))
            rc = fail(command->ctx, E_IO, "import.refused_write",
                      "%s can't be written", command->refused[i].path);
    return rc;
}

static void tell(struct import_command *command, const char *form,
                 const struct import_result *result)
{
    struct ctx *ctx = command->ctx;
    struct value *args = value_map(ctx->arena);
    size_t i;

    value_set_text(args, "form", form);
    value_set_int(args, "rows", result->rows);
    value_set_int(args, "imported", result->imported);
    value_set_int(args, "refused", result->refused);
    if (result->made_form)
        printf("%s\n", tr_with(ctx, "import.made", args));
    printf("%s\n", tr_with(ctx, "import.done", args));
    for (i = 0; i < command->count; i++) {
        if (!command->refused[i].rows)
            continue;
        value_set_int(args, "refused", command->refused[i].rows);
        value_set_text(args, "file", command->refused[i].path);
        printf("%s\n", tr_with(ctx, "import.refused_in", args));
    }
}

int command_import(struct ctx *ctx, int argc, char **argv)
{
    struct import_command command = { .ctx = ctx };
    struct import_options options = { .refuse = take_refused,
                                      .progress = show_progress,
                                      .payload = &command };
    const char *site = NULL, *sheet = NULL, *decimal = NULL;
    const struct option_row rows[] = {
        { "form", &options.form, NULL },
        { "sheet", &sheet, NULL },
        { "decimal", &decimal, NULL },
        { "site", &site, NULL },
        { "all-or-none", NULL, &options.all_or_none },
        { 0 },
    };
    struct import_result result = { 0 };
    size_t i;
    int rc = cli_options(ctx, rows, &argc, argv), bad;

    if (rc)
        return rc;
    if (argc < 2 || argc > IMPORT_FILES_MAX + 1 || !options.form ||
        (decimal && strcmp(decimal, "point") != 0 &&
         strcmp(decimal, "comma") != 0))
        return cli_usage(ctx, argv[0]);
    command.bar.title = tr(ctx, "import.title");
    rc = read_files(&command, argc, argv, sheet);
    for (i = 0; i < command.count; i++)
        command.files[i].decimal = decimal;
    if (!rc)
        rc = site_command_open(ctx, site);
    if (!rc) {
        site_rooms_start();
        /* Modules' checks hold on every entrance. */
        rc = plugins_load(ctx);
    }
    if (!rc) {
        rc = import_run(&result, ctx, command.files, command.count, &options);
        progress_end(&command.bar);
        bad = close_refused(&command);
        rc = rc ? rc : bad;
        if (!rc || result.refused)
            tell(&command, options.form, &result);
    }
    site_command_close(ctx);
    return rc;
}
