/*
 * manifest.c - reading plugin.cfg.
 *
 * A shared object's constructors run while it is opened, so all that decides
 * whether it may be stands in the manifest (sdk.md, rule 3).
 */
#include "base/banned.h"

#include "plugin/manifest.h"

#include "access/access.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/ctx.h"
#include "base/str.h"
#include "base/value.h"
#include "form/definition.h"

enum {
    SECONDS_MAX = 10,
    MEMORY_MAX_MB = 256,
    PARALLEL_MAX = 64,
    REQUIRES_MAX = 50,
    ROLES_MAX = 20
};

bool module_id_valid(const char *id)
{
    size_t length = id ? strlen(id) : 0;

    return length > 0 && length <= MODULE_ID_MAX && id[0] >= 'a' &&
           id[0] <= 'z' &&
           strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

bool version_parse(struct version *out, const char *text)
{
    int *const parts[] = { &out->major, &out->minor, &out->patch };
    size_t i;

    *out = (struct version){ 0 };
    for (i = 0; text && i < 3; i++) {
        size_t digits = strspn(text, "0123456789"), j;

        if (digits == 0 || digits > 5)
            return false;
        for (j = 0; j < digits; j++)
            *parts[i] = *parts[i] * 10 + (text[j] - '0');
        text += digits;
        if (i < 2 && *text++ != '.')
            return false;
    }
    return text && *text == '\0';
}

int version_compare(const char *a, const char *b)
{
    struct version x, y;

    if (!version_parse(&x, a))
        x = (struct version){ 0 };
    if (!version_parse(&y, b))
        y = (struct version){ 0 };
    if (x.major != y.major)
        return x.major < y.major ? -1 : 1;
    if (x.minor != y.minor)
        return x.minor < y.minor ? -1 : 1;
    return x.patch < y.patch ? -1 : x.patch > y.patch;
}

/* What is being read, for messages. */
struct reading {
    struct ctx *ctx;
    const char *path;
    struct manifest *manifest;
};

static int line_of(const config_setting_t *setting)
{
    return (int)config_setting_source_line(setting);
}

/* A part of the file that config_fill() has no row for; taken out of the
 * root, so that what is left is what the rows know. */
static config_setting_t *part(const struct reading *reading,
                              config_setting_t *root, const char *name,
                              int type, const char *expected, int *rc)
{
    config_setting_t *setting = config_setting_get_member(root, name);

    if (!setting || config_setting_type(setting) == type)
        return setting;
    *rc = fail(reading->ctx, E_INVALID, "plugin.manifest.expected",
               "%s:%d: \"%s\" must be %s", reading->path, line_of(setting),
               name, expected);
    return NULL;
}

/* A text, or a group of texts by language. */
static int read_title(const struct value **out, const struct reading *reading,
                      config_setting_t *root, const char *name)
{
    config_setting_t *setting = config_setting_get_member(root, name);
    struct arena *arena = reading->ctx->arena;
    struct value *map;
    int i, type = setting ? config_setting_type(setting) : CONFIG_TYPE_NONE;

    if (!setting)
        return 0;
    if (type == CONFIG_TYPE_STRING) {
        *out = value_text(arena, config_setting_get_string(setting));
        return 0;
    }
    map = value_map(arena);
    for (i = 0; type == CONFIG_TYPE_GROUP && i < config_setting_length(setting);
         i++) {
        config_setting_t *one = config_setting_get_elem(setting, (unsigned)i);

        if (config_setting_type(one) != CONFIG_TYPE_STRING)
            type = CONFIG_TYPE_NONE;
        else
            value_set_text(map, config_setting_name(one),
                           config_setting_get_string(one));
    }
    if (type != CONFIG_TYPE_GROUP || !value_get_text(map, "en"))
        return fail(reading->ctx, E_INVALID, "plugin.manifest.title",
                    "%s:%d: \"%s\" must be a text, or texts by language with "
                    "\"en\" among them",
                    reading->path, line_of(setting), name);
    *out = map;
    return 0;
}

static const struct config_row entry_rows[] = {
    { "c", CONFIG_TEXT, offsetof(struct manifest, c), 0, 1, MODULE_ID_MAX },
    { "lua", CONFIG_TEXT, offsetof(struct manifest, lua), 0, 5, 60 },
    { 0 },
};

static bool file_name_plain(const char *name)
{
    return name[0] != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.-") ==
               strlen(name);
}

/* entry = { c = "vehicle"; } or { lua = "init.lua"; } */
static int read_entry(const struct reading *reading, config_setting_t *root)
{
    struct manifest *manifest = reading->manifest;
    config_setting_t *setting;
    int rc = 0;

    setting = part(reading, root, "entry", CONFIG_TYPE_GROUP, "a group", &rc);
    if (!setting)
        return rc ? rc
                  : fail(reading->ctx, E_INVALID, "plugin.manifest.missing",
                         "%s: \"%s\" is missing", reading->path, "entry");
    rc =
        config_fill(manifest, reading->ctx, reading->path, setting, entry_rows);
    if (rc)
        return rc;
    if (!manifest->c == !manifest->lua ||
        !file_name_plain(manifest->c ? manifest->c : manifest->lua) ||
        (manifest->lua && !text_ends(manifest->lua, ".lua")))
        return fail(reading->ctx, E_INVALID, "plugin.manifest.entry",
                    "%s:%d: \"entry\" must be { c = \"NAME\"; } or "
                    "{ lua = \"NAME.lua\"; }",
                    reading->path, line_of(setting));
    return 0;
}

static const struct config_row requirement_rows[] = {
    { "id", CONFIG_TEXT, offsetof(struct requirement, id), 0, 1,
      MODULE_ID_MAX },
    { "version", CONFIG_TEXT, offsetof(struct requirement, version), 0, 1, 17 },
    { 0 },
};

/* requires = ( { id = "hr"; version = "1.2.0"; } ); */
static int read_requires(const struct reading *reading, config_setting_t *root)
{
    struct manifest *manifest = reading->manifest;
    config_setting_t *list;
    struct version version;
    int rc = 0, i, count;

    list =
        part(reading, root, "requires", CONFIG_TYPE_LIST, "a list in ( )", &rc);
    if (!list)
        return rc;
    count = config_setting_length(list);
    if (count > REQUIRES_MAX)
        return fail(reading->ctx, E_INVALID, "plugin.manifest.expected",
                    "%s:%d: \"%s\" must be %s", reading->path, line_of(list),
                    "requires", "a list of at most 50 modules");
    manifest->requires = arena_array(reading->ctx->arena, (size_t)count + 1,
                                     sizeof *manifest->requires);
    for (i = 0; !rc && i < count; i++) {
        config_setting_t *one = config_setting_get_elem(list, (unsigned)i);
        struct requirement *requirement = &manifest->requires[i];

        requirement->line = line_of(one);
        if (config_setting_type(one) == CONFIG_TYPE_GROUP)
            rc = config_fill(requirement, reading->ctx, reading->path, one,
                             requirement_rows);
        if (!rc && (!module_id_valid(requirement->id) ||
                    !version_parse(&version, requirement->version)))
            rc = fail(reading->ctx, E_INVALID, "plugin.manifest.requires",
                      "%s:%d: expected { id = \"NAME\"; version = \"1.2.0\"; }",
                      reading->path, line_of(one));
    }
    manifest->require_count = (size_t)count;
    return rc;
}

static const struct config_row role_rows[] = {
    { "key", CONFIG_TEXT, offsetof(struct module_role, key), 0, 1, 40 },
    { 0 },
};

static int read_role(struct module_role *out, const struct reading *reading,
                     config_setting_t *one)
{
    int rc = 0;

    if (config_setting_type(one) == CONFIG_TYPE_GROUP) {
        rc = read_title(&out->title, reading, one, "title");
        config_setting_remove(one, "title");
        if (!rc)
            rc = config_fill(out, reading->ctx, reading->path, one, role_rows);
    }
    if (!rc && (!field_key_valid(out->key) || !out->title))
        rc = fail(reading->ctx, E_INVALID, "plugin.manifest.roles",
                  "%s:%d: expected { key = \"NAME\"; title = …; }",
                  reading->path, line_of(one));
    return rc;
}

/* roles = ( { key = "sales"; title = { en = "Sales"; }; } ); */
static int read_roles(const struct reading *reading, config_setting_t *root)
{
    struct manifest *manifest = reading->manifest;
    config_setting_t *list;
    int rc = 0, i, count;

    list = part(reading, root, "roles", CONFIG_TYPE_LIST, "a list in ( )", &rc);
    if (!list)
        return rc;
    count = config_setting_length(list);
    if (count > ROLES_MAX)
        return fail(reading->ctx, E_INVALID, "plugin.manifest.expected",
                    "%s:%d: \"%s\" must be %s", reading->path, line_of(list),
                    "roles", "a list of at most 20 roles");
    manifest->roles = arena_array(reading->ctx->arena, (size_t)count + 1,
                                  sizeof *manifest->roles);
    manifest->role_count = (size_t)count;
    for (i = 0; !rc && i < count; i++)
        rc = read_role(&manifest->roles[i], reading,
                       config_setting_get_elem(list, (unsigned)i));
    return rc;
}

static const struct config_row limit_rows[] = {
    { "seconds", CONFIG_INT, offsetof(struct manifest, seconds), 0, 1,
      SECONDS_MAX },
    { "memory_mb", CONFIG_INT, offsetof(struct manifest, memory_mb), 0, 1,
      MEMORY_MAX_MB },
    { "parallel", CONFIG_INT, offsetof(struct manifest, parallel), 0, 1,
      PARALLEL_MAX },
    { 0 },
};

static int read_limits(const struct reading *reading, config_setting_t *root)
{
    config_setting_t *setting;
    int rc = 0;

    reading->manifest->seconds = 5;
    reading->manifest->memory_mb = 32;
    setting = part(reading, root, "limits", CONFIG_TYPE_GROUP, "a group", &rc);
    return setting ? config_fill(reading->manifest, reading->ctx, reading->path,
                                 setting, limit_rows)
                   : rc;
}

/* ---- capabilities ---- */

/* The form of "records:FORM:read", in a buffer; NULL where it is none. */
static const char *form_of(char form[128], const char *text, const char *prefix,
                           const char *ending)
{
    size_t length = strlen(text), front = strlen(prefix), end = strlen(ending);

    if (length <= front + end || length - front - end >= 128 ||
        !text_starts(text, prefix) || !text_ends(text, ending))
        return NULL;
    memcpy(form, text + front, length - front - end);
    form[length - front - end] = '\0';
    if (text_ends(form, ".*"))
        form[strlen(form) - 2] = '\0';
    if (!form_name_valid(form))
        return NULL;
    snprintf(form, 128, "%.*s", (int)(length - front - end), text + front);
    return form;
}

static bool capability_known(const char *text)
{
    char form[128];

    return text_equal(text, "routes") || text_equal(text, "services") ||
           text_equal(text, "network") || text_equal(text, "as_module") ||
           text_equal(text, "jobs") || text_equal(text, "notify") ||
           text_equal(text, "files") || form_of(form, text, "hooks:", "") ||
           form_of(form, text, "records:", ":read") ||
           form_of(form, text, "records:", ":write");
}

static int check_capabilities(const struct reading *reading,
                              const config_setting_t *root)
{
    const struct manifest *manifest = reading->manifest;
    size_t i;

    for (i = 0; i < manifest->capability_count; i++)
        if (!capability_known(manifest->capabilities[i]))
            return fail(
                reading->ctx, E_INVALID, "plugin.manifest.capability",
                "%s:%d: there is no capability \"%s\"; known: routes, "
                "services, network, as_module, jobs, notify, files, "
                "hooks:FORM, "
                "records:FORM:read, "
                "records:FORM:write",
                reading->path,
                line_of(config_setting_get_member(root, "capabilities")),
                manifest->capabilities[i]);
    return 0;
}

/* "rating:integer": how its values lie has to be known before it runs. */
static int check_field_types(const struct reading *reading,
                             const config_setting_t *root)
{
    const struct manifest *manifest = reading->manifest;
    size_t i;

    for (i = 0; i < manifest->field_type_count; i++) {
        const char *text = manifest->field_types[i];
        const char *colon = strchr(text, ':');
        const char *name = colon ? arena_strndup(reading->ctx->arena, text,
                                                 (size_t)(colon - text))
                                 : NULL;

        if (!name || !field_key_valid(name) ||
            (strcmp(colon, ":text") != 0 && strcmp(colon, ":integer") != 0))
            return fail(reading->ctx, E_INVALID, "plugin.manifest.field_types",
                        "%s:%d: \"%s\" must be like \"rating:integer\" or "
                        "\"colour:text\"",
                        reading->path,
                        line_of(config_setting_get_member(root, "field_types")),
                        text);
    }
    return 0;
}

const char *manifest_storage(const struct manifest *manifest, const char *name)
{
    size_t i, length = strlen(name);

    for (i = 0; i < manifest->field_type_count; i++)
        if (strncmp(manifest->field_types[i], name, length) == 0 &&
            manifest->field_types[i][length] == ':')
            return strcmp(manifest->field_types[i] + length, ":text") == 0
                       ? "TEXT"
                       : "INTEGER";
    return NULL;
}

bool manifest_may(const struct manifest *manifest, const char *capability)
{
    size_t i;

    for (i = 0; i < manifest->capability_count; i++)
        if (strcmp(manifest->capabilities[i], capability) == 0)
            return true;
    return false;
}

/* "vehicle", "vehicle.booking" of the module "vehicle". */
static bool is_own_form(const char *id, const char *form)
{
    size_t length = strlen(id);

    return strncmp(form, id, length) == 0 &&
           (form[length] == '.' || form[length] == '\0');
}

bool manifest_may_hook(const struct manifest *manifest, const char *form)
{
    char named[128];
    size_t i, length;

    if (is_own_form(manifest->id, form))
        return true;
    for (i = 0; i < manifest->capability_count; i++) {
        if (!form_of(named, manifest->capabilities[i], "hooks:", ""))
            continue;
        length = strlen(named);
        if (strcmp(named, form) == 0 ||
            (text_ends(named, ".*") && strncmp(named, form, length - 1) == 0))
            return true;
    }
    return false;
}

void manifest_grant(const struct manifest *manifest)
{
    static const enum right writing[] = { RIGHT_READ, RIGHT_CREATE,
                                          RIGHT_UPDATE, RIGHT_DELETE };
    char form[128];
    size_t i, j;

    access_capabilities_forget(manifest->id);
    /* The main form may bear the module's own name. */
    for (j = 0; j < sizeof writing / sizeof *writing; j++)
        access_capability(manifest->id, manifest->id, writing[j]);
    for (i = 0; i < manifest->capability_count; i++) {
        const char *text = manifest->capabilities[i];

        if (form_of(form, text, "records:", ":read"))
            access_capability(manifest->id, form, RIGHT_READ);
        if (form_of(form, text, "records:", ":write"))
            for (j = 0; j < sizeof writing / sizeof *writing; j++)
                access_capability(manifest->id, form, writing[j]);
    }
}

/* ---- the whole ---- */

static const struct config_row rows[] = {
    { "id", CONFIG_TEXT, offsetof(struct manifest, id), 0, 1, MODULE_ID_MAX },
    { "version", CONFIG_TEXT, offsetof(struct manifest, version), 0, 1, 17 },
    { "sdk", CONFIG_TEXT, offsetof(struct manifest, sdk), 0, 1, 11 },
    { "license", CONFIG_TEXT, offsetof(struct manifest, license), 0, 1,
      MODULE_TEXT_MAX },
    { "author", CONFIG_TEXT, offsetof(struct manifest, author), 0, 1,
      MODULE_TEXT_MAX },
    { "capabilities", CONFIG_TEXTS, offsetof(struct manifest, capabilities),
      offsetof(struct manifest, capability_count), 1, 120 },
    { "field_types", CONFIG_TEXTS, offsetof(struct manifest, field_types),
      offsetof(struct manifest, field_type_count), 1, 60 },
    { 0 },
};

static const char *const parts[] = { "title",    "description", "entry",
                                     "requires", "roles",       "limits" };

/* "1.0": a major of ours, a minor that we have. */
static int check_sdk(const struct reading *reading,
                     const config_setting_t *root)
{
    const char *sdk = reading->manifest->sdk;
    char whole[32];
    struct version version;

    snprintf(whole, sizeof whole, "%s.0", sdk);
    if (!version_parse(&version, whole))
        return fail(reading->ctx, E_INVALID, "plugin.manifest.sdk",
                    "%s: \"sdk\" must be like \"%d.%d\"", reading->path,
                    TN_ABI_MAJOR, TN_ABI_MINOR);
    if (version.major != TN_ABI_MAJOR || version.minor > TN_ABI_MINOR)
        return fail(reading->ctx, E_UNSUPPORTED, "plugin.sdk_newer",
                    "the module %s is made for SDK %s (plugin.cfg, line %d); "
                    "this Tenon has %d.%d",
                    reading->manifest->id, sdk,
                    line_of(config_setting_get_member(root, "sdk")),
                    TN_ABI_MAJOR, TN_ABI_MINOR);
    return 0;
}

static int check_plain(const struct reading *reading, const char *id)
{
    const struct manifest *manifest = reading->manifest;
    const struct {
        const char *name, *value;
    } needed[] = { { "id", manifest->id },
                   { "version", manifest->version },
                   { "sdk", manifest->sdk } };
    struct version version;
    size_t i;

    for (i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!needed[i].value)
            return fail(reading->ctx, E_INVALID, "plugin.manifest.missing",
                        "%s: \"%s\" is missing", reading->path, needed[i].name);
    if (!module_id_valid(manifest->id) || strcmp(manifest->id, id) != 0)
        return fail(reading->ctx, E_INVALID, "plugin.manifest.id",
                    "%s: expected id = \"%s\", the folder's name (small "
                    "letters, digits, underscores)",
                    reading->path, id);
    if (!version_parse(&version, manifest->version))
        return fail(reading->ctx, E_INVALID, "plugin.manifest.version",
                    "%s: \"version\" must be like \"1.4.0\"", reading->path);
    return 0;
}

int manifest_parse(struct manifest **out, struct ctx *ctx, const char *path,
                   const char *id, config_t *config)
{
    struct manifest *manifest = arena_alloc(ctx->arena, sizeof *manifest);
    struct reading reading = { ctx, path, manifest };
    config_setting_t *root = config_root_setting(config);
    size_t i;
    int rc = read_title(&manifest->title, &reading, root, "title");

    *out = manifest;
    if (!rc)
        rc = read_title(&manifest->description, &reading, root, "description");
    if (!rc)
        rc = read_entry(&reading, root);
    if (!rc)
        rc = read_requires(&reading, root);
    if (!rc)
        rc = read_roles(&reading, root);
    if (!rc)
        rc = read_limits(&reading, root);
    for (i = 0; i < sizeof parts / sizeof *parts; i++)
        config_setting_remove(root, parts[i]);
    if (!rc)
        rc = config_fill(manifest, ctx, path, root, rows);
    if (!rc)
        rc = check_plain(&reading, id);
    if (!rc)
        rc = check_capabilities(&reading, root);
    if (!rc)
        rc = check_field_types(&reading, root);
    return rc ? rc : check_sdk(&reading, root);
}

int manifest_read(struct manifest **out, struct ctx *ctx, const char *folder,
                  const char *id)
{
    const char *path = arena_printf(ctx->arena, "%s/plugin.cfg", folder);
    config_t *config;
    int rc = config_file_read(&config, ctx, path);

    if (!rc)
        return manifest_parse(out, ctx, path, id, config);
    *out = arena_alloc(ctx->arena, sizeof **out);
    return rc;
}
