/*
 * import.c - rows become records, in batches.
 *
 * Each row goes through the same conversion, checks and trail as a record
 * from a page. A batch is one transaction that holds the writer lock for at
 * most BATCH_MS, so that others go on; each row is a savepoint in it.
 */
#include "base/banned.h"

#include "form/import.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ctx.h"
#include "base/map.h"
#include "base/str.h"
#include "base/unicode.h"
#include "base/value.h"
#include "event/hook.h"
#include "form/field_type.h"
#include "form/import_internal.h"
#include "form/import_number.h"
#include "form/record_internal.h"
#include "form/reference.h"
#include "store/db.h"

enum { BATCH_MS = 20, BATCH_ROWS = 500 };

/* Ids of what was made, to take it back; codes of a tree. */
struct importing {
    struct ctx *ctx;
    const struct import_options *options;
    struct import_result *result;
    const struct import_file *file;
    const struct form *form;
    const struct field **fields;      /* of the columns; NULL: left out */
    const bool *comma;                /* columns with decimal commas */
    const struct import_level *level; /* of a tree; NULL */
    int64_t level_number;
    struct map *above, *own; /* code → id (int64_t *) */
    int64_t *made;
    size_t made_count, made_capacity;
    int64_t done, total;
    bool check_only;
};

const struct field *import_field(struct ctx *ctx, const struct form *form,
                                 const char *header, size_t index)
{
    const char *key = import_key(ctx, header, index);
    const char *folded = text_fold(ctx->arena, header);
    const struct field *field = form_field(form, header);
    size_t i, j;

    if (!field)
        field = form_field(form, key);
    for (i = 0; !field && i < form->field_count; i++) {
        const struct value *title = form->fields[i]->title;
        const char *text = value_as_text(title);

        if (text && strcmp(text_fold(ctx->arena, text), folded) == 0)
            field = form->fields[i];
        for (j = 0; !field && j < value_count(title); j++) {
            text = value_as_text(value_item_at(title, j));
            if (text && strcmp(text_fold(ctx->arena, text), folded) == 0)
                field = form->fields[i];
        }
    }
    return field && !field->hidden && !field->table ? field : NULL;
}

/* Columns to fields. Automatic fields are left out: an export comes back. */
static int match_columns(struct importing *import)
{
    struct ctx *ctx = import->ctx;
    const struct import_file *file = import->file;
    size_t i, found = 0;

    bool *numeric = arena_array(ctx->arena, file->columns, sizeof *numeric);

    import->fields =
        arena_array(ctx->arena, file->columns, sizeof *import->fields);
    for (i = 0; i < file->columns; i++) {
        const struct field *field =
            import_field(ctx, import->form, file->header[i], i);

        if (strcmp(file->header[i], IMPORT_REASON) == 0)
            continue;
        if (!field)
            return fail(ctx, E_INVALID, "import.unknown_column",
                        "%s: the form %s has no field \"%s\"", file->name,
                        import->form->name, file->header[i]);
        if (!field->read_only) {
            import->fields[i] = field;
            numeric[i] = field->type->flags & FIELD_NUMBER;
            found++;
        }
    }
    if (!found)
        return fail(ctx, E_INVALID, "import.no_columns",
                    "%s: no column can be imported", file->name);
    import->comma = import_commas(ctx, file, numeric);
    return 0;
}

/* A title of an option stands for its key, as exports write it. */
static const char *option_of(struct ctx *ctx, const struct field *field,
                             const char *text)
{
    const struct value *options = field_property(field, "options");
    size_t i, j;

    if (!options || field_option(field, text))
        return text;
    for (i = 0; i < value_count(options); i++) {
        const struct value *option = value_at(options, i);
        const struct value *title = value_get(option, "title");

        if (text_equal(value_as_text(title), text))
            return option_key(option);
        for (j = 0; j < value_count(title); j++)
            if (text_equal(value_as_text(value_item_at(title, j)), text))
                return option_key(option);
    }
    (void)ctx;
    return text;
}

/* People, departments and records may be named, as exports write them. */
static bool name_input(struct ctx *ctx, struct value *input,
                       const struct field *field, const char *text)
{
    struct ctx quiet = ctx_apart(ctx);
    int64_t id;

    if (strcmp(field->type->name, "user") != 0 &&
        strcmp(field->type->name, "department") != 0 && !field->target)
        return false;
    if (reference_named(&id, &quiet, field->type->name, field->target, text) ||
        !id)
        return false;
    value_set_id(input, field->key, id);
    return true;
}

static int cell_input(struct value *input, struct ctx *ctx,
                      const struct field *field, const char *text, bool comma)
{
    struct value *number;
    int rc;

    if (field->type->flags & FIELD_NUMBER) {
        rc = import_number_input(&number, ctx, field, text, comma, false);
        if (!rc)
            value_set(input, field->key, number);
        return rc;
    }
    if (!name_input(ctx, input, field, text))
        value_set_text(input, field->key, option_of(ctx, field, text));
    return 0;
}

static int table_input(struct value **out, struct ctx *ctx,
                       struct importing *import, const struct import_row *row)
{
    struct value *input = value_map(ctx->arena);
    size_t i;
    int rc = 0, bad;

    *out = input;
    for (i = 0; i < import->file->columns; i++) {
        const struct field *field = import->fields[i];
        const char *text = row->cells[i];

        if (!field || !*text)
            continue;
        bad =
            cell_input(input, ctx, field, text,
                       import->comma[i] && !(row->numbers && row->numbers[i]));
        rc = rc ? rc : bad;
    }
    return rc;
}

static const int64_t *code_id(const struct map *codes, const char *code)
{
    return codes ? map_get(codes, code) : NULL;
}

static int tree_input(struct value **out, struct ctx *ctx,
                      struct importing *import, const struct import_row *row)
{
    const struct import_level *level = import->level;
    const char *code = row->cells[level->code];
    struct value *input = value_map(ctx->arena);

    *out = input;
    if (!*code)
        return fail(ctx, E_INVALID, "import.code_missing",
                    "the row has no code");
    if (code_id(import->own, code))
        return fail(ctx, E_CONFLICT, "import.code_twice",
                    "the code %s is there already", code);
    value_set_text(input, "code", code);
    value_set_text(input, "name", row->cells[level->name]);
    value_set_int(input, "level", import->level_number);
    if (level->parent >= 0) {
        const char *parent = row->cells[level->parent];
        const int64_t *id = code_id(import->above, parent);

        if (!id)
            return fail(ctx, E_INVALID, "import.unknown_parent",
                        "there is no code %s in the file before", parent);
        if (*id > 0)
            value_set_id(input, "parent", *id);
    }
    return 0;
}

static void keep_made(struct importing *import, int64_t id)
{
    if (import->made_count == import->made_capacity) {
        size_t more = import->made_capacity ? import->made_capacity * 2 : 1024;

        import->made = arena_grow(import->ctx->arena, import->made,
                                  import->made_capacity * sizeof *import->made,
                                  more * sizeof *import->made);
        import->made_capacity = more;
    }
    import->made[import->made_count++] = id;
}

static void keep_code(struct importing *import, const struct import_row *row,
                      int64_t id)
{
    int64_t *kept;

    if (!import->level)
        return;
    kept = arena_alloc(import->ctx->arena, sizeof *kept);
    *kept = id;
    map_set(import->own, row->cells[import->level->code], kept);
}

/* All messages of a row in one line. */
static const char *reasons(struct ctx *ctx)
{
    const struct problem *problem;
    struct buf buf;

    buf_init(&buf, ctx->arena, 8192);
    for (problem = ctx->problems; problem; problem = problem->next)
        buf_addf(&buf, "%s%s%s%s", buf.length ? "; " : "",
                 problem->field ? problem->field : "",
                 problem->field ? ": " : "", problem_message(ctx, problem));
    return buf_text(&buf);
}

static int import_row_try(struct ctx *ctx, struct importing *import,
                          const struct import_row *row)
{
    struct record_change *change;
    struct record *record;
    struct value *input;
    int rc = 0;

    if (import->level)
        rc = tree_input(&input, ctx, import, row);
    else
        rc = table_input(&input, ctx, import, row);
    if (!rc)
        rc = record_prepare(&change, ctx, import->form, 0, 0, input, NULL);
    if (!rc && import->check_only) {
        rc = record_check_unique(ctx, change->record, NULL);
        if (!rc)
            keep_code(import, row, -1);
        return rc;
    }
    if (rc)
        return rc;
    change->quiet = true;
    rc = tx_begin(ctx, "import.row");
    if (!rc)
        rc = tx_end(ctx, record_write(&record, ctx, change));
    if (rc)
        return rc;
    keep_made(import, record->id);
    keep_code(import, row, record->id);
    return 0;
}

/* A row that breaks a rule is refused; anything else ends the import. */
static bool is_refusal(int rc)
{
    return rc == E_INVALID || rc == E_CONFLICT || rc == E_LIMIT ||
           rc == E_NOT_FOUND;
}

static int refuse(struct ctx *ctx, struct importing *import,
                  const struct import_row *row)
{
    import->result->refused++;
    if (!import->options->refuse)
        return 0;
    return import->options->refuse(ctx, import->options->payload, import->file,
                                   row, reasons(ctx));
}

/* One batch from row `*at` on, in an arena of its own. */
static int run_batch(struct importing *import, struct arena *arena, size_t *at)
{
    struct ctx ctx = ctx_apart(import->ctx);
    int64_t until;
    size_t end = *at + BATCH_ROWS;
    int rc = 0;

    ctx.arena = arena;
    if (!import->check_only)
        rc = tx_begin(&ctx, "import");
    until = clock_monotonic() + BATCH_MS;
    if (end > import->file->row_count)
        end = import->file->row_count;
    while (!rc && *at < end && clock_monotonic() < until) {
        const struct import_row *row = &import->file->rows[(*at)++];

        rc = import_row_try(&ctx, import, row);
        if (is_refusal(rc))
            rc = refuse(&ctx, import, row);
        ctx_clear(&ctx);
    }
    if (!import->check_only)
        rc = tx_end(&ctx, rc);
    if (rc)
        fail(import->ctx, rc, "import.stopped", "the import stopped: %s",
             ctx_error(&ctx));
    return rc;
}

static int run_file(struct importing *import)
{
    struct arena *arena = arena_new(0);
    size_t at = 0;
    int rc = 0;

    while (!rc && at < import->file->row_count) {
        size_t before = at;

        rc = run_batch(import, arena, &at);
        import->done += (int64_t)(at - before);
        arena_reset(arena);
        if (import->options->progress)
            import->options->progress(import->options->payload, import->done,
                                      import->total);
    }
    arena_free(arena);
    return rc;
}

static int run_files(struct importing *import, const struct import_file *files,
                     size_t count, const struct import_level *levels)
{
    size_t i;
    int rc = 0;

    import->own = NULL;
    for (i = 0; !rc && i < count; i++) {
        import->file = &files[i];
        if (count > 1) {
            import->level = &levels[i];
            import->level_number = (int64_t)i + 1;
            import->above = import->own;
            import->own = map_new(import->ctx->arena);
        } else {
            rc = match_columns(import);
        }
        if (!rc)
            rc = run_file(import);
    }
    return rc;
}

/* Takes back what this import made, in batches, rows of rows with them. */
static int undo(struct importing *import)
{
    struct ctx *ctx = import->ctx;
    /* sql: names from the definition */
    const char *sql = arena_printf(
        ctx->arena, "DELETE FROM \"%s\" WHERE id = ?1", import->form->table);
    size_t left = import->made_count;
    int rc = 0;

    while (!rc && left) {
        int64_t until;

        rc = tx_begin(ctx, "import.undo");
        if (rc)
            return rc;
        until = clock_monotonic() + BATCH_MS;
        while (!rc && left && clock_monotonic() < until) {
            rc = db_exec(ctx, sql, "i", import->made[left - 1]);
            left--;
        }
        rc = tx_end(ctx, rc);
    }
    import->made_count = 0;
    return rc;
}

static int find_form(struct importing *import, const struct import_file *files,
                     size_t count)
{
    struct ctx *ctx = import->ctx;
    const char *name = import->options->form;
    struct value *definition;
    struct ctx quiet = *ctx;
    int rc = form_find(&import->form, &quiet, name);

    if (rc != E_NOT_FOUND)
        return rc;
    rc = import_guess(&definition, ctx, name, files, count);
    if (!rc)
        rc = form_publish(ctx, name, NULL, definition, NULL);
    if (rc)
        return rc;
    import->result->made_form = true;
    return form_find(&import->form, ctx, name);
}

static int check_tree(struct importing *import)
{
    static const char *const keys[] = { "code", "name", "parent", "level" };
    size_t i;

    for (i = 0; i < 4; i++)
        if (!form_field(import->form, keys[i]))
            return fail(import->ctx, E_INVALID, "import.no_tree",
                        "the form %s is no tree: it has no field %s",
                        import->form->name, keys[i]);
    return 0;
}

int import_run(struct import_result *out, struct ctx *ctx,
               struct import_file *files, size_t count,
               const struct import_options *options)
{
    struct importing import = { .ctx = ctx, .options = options, .result = out };
    struct import_level levels[IMPORT_FILES_MAX];
    size_t i;
    int rc;

    memset(out, 0, sizeof *out);
    if (count < 1 || count > IMPORT_FILES_MAX)
        return fail(ctx, E_INVALID, "import.files", "1 to %d files",
                    IMPORT_FILES_MAX);
    for (i = 0; i < count; i++)
        out->rows += (int64_t)files[i].row_count;
    import.total = options->all_or_none ? out->rows * 2 : out->rows;
    rc = find_form(&import, files, count);
    if (!rc && count > 1)
        rc = check_tree(&import);
    if (!rc && count > 1)
        rc = import_levels(levels, ctx, files, count);
    if (!rc && options->all_or_none) {
        import.check_only = true;
        rc = run_files(&import, files, count, levels);
        import.check_only = false;
        if (!rc && out->refused)
            return fail(ctx, E_INVALID, "import.none",
                        "%lld rows are refused, so none was imported",
                        (long long)out->refused);
    }
    if (!rc)
        rc = run_files(&import, files, count, levels);
    out->imported = (int64_t)import.made_count;
    if (options->all_or_none && (rc || out->refused)) {
        int bad = undo(&import);

        out->imported = 0;
        if (bad || rc)
            return bad ? bad : rc;
        return fail(ctx, E_INVALID, "import.none",
                    "%lld rows are refused, so none was imported",
                    (long long)out->refused);
    }
    return rc;
}
