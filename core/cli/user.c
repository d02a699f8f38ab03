/*
 * user.c - `tenon user`: people and roles from the command line.
 *
 * Passwords come from standard input, never from an argument (other people
 * of the machine could see it).
 */
#include "base/banned.h"

#include "cli/cli.h"

#include <termios.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/value.h"
#include "cli/site.h"
#include "ipc/control.h"
#include "org/admin.h"
#include "org/api_token.h"
#include "org/password.h"
#include "org/person.h"
#include "org/session.h"

/* Options of all subcommands. */
struct arguments {
    const char *site, *name, *mail, *department, *role, *title;
    const char *scopes, *forms, *days;
    bool link;
};

/* A line of standard input; not shown where it is a terminal. */
static int read_password(const char **out, struct ctx *ctx)
{
    struct termios before, quiet;
    bool terminal =
        isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
    char line[2048];
    char *got;

    if (terminal) {
        fprintf(stderr, "%s ", tr(ctx, "cli.user.password"));
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    got = fgets(line, sizeof(line), stdin);
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    if (!got)
        return fail(ctx, E_INVALID, "cli.user.no_password",
                    "no password on standard input");
    line[strcspn(line, "\r\n")] = '\0';
    *out = arena_strdup(ctx->arena, line);
    memset(line, 0, sizeof(line));
    return 0;
}

static int find_department(int64_t *id, struct ctx *ctx, const char *name)
{
    return name ? site_department(id, ctx, name) : 0;
}

static int print_link(struct ctx *ctx, int64_t user, const char *purpose)
{
    char token[TOKEN_TEXT_MAX];
    int rc = link_make(token, ctx, purpose, user, 7 * 24 * 60);

    if (!rc)
        printf("%s\n", site_link(ctx, purpose, token));
    return rc;
}

static int add(struct ctx *ctx, const struct arguments *a, const char *login)
{
    struct user_input input = { .login = login,
                                .name = a->name ? a->name : login,
                                .mail = a->mail };
    const char *password = NULL;
    int64_t id, role;
    int rc = find_department(&input.department, ctx, a->department);

    if (!rc && !a->link)
        rc = read_password(&password, ctx);
    if (!rc && password)
        rc = password_check_new(ctx, password, login, input.name);
    if (!rc)
        rc = user_create(&id, ctx, &input);
    if (!rc && password)
        rc = user_set_password(ctx, id, password, NULL);
    if (!rc && a->role)
        rc = role_find(&role, ctx, a->role);
    if (!rc && a->role)
        rc = role_grant(ctx, id, role, true);
    return !rc && a->link ? print_link(ctx, id, "invite") : rc;
}

/* Sessions are gone from the store; what is still open in the front goes too
 * (S62), where the site is served. */
static int end_streams(struct ctx *ctx, int64_t user)
{
    struct value *command = value_map(ctx->arena), *answer;
    int rc;

    value_set_text(command, "do", "end");
    value_set_id(command, "user", user);
    value_set_text(command, "session", "");
    rc = control_ask(&answer, ctx, ctx->site, command, 5);
    return rc == E_NOT_FOUND ? 0 : rc;
}

static int set_password(struct ctx *ctx, const struct arguments *a,
                        const char *login)
{
    const struct person *person;
    const char *password;
    int rc = person_find_login(&person, ctx, login);

    if (!rc && a->link)
        return print_link(ctx, person->id, "reset");
    if (!rc)
        rc = read_password(&password, ctx);
    if (!rc)
        rc = user_set_password(ctx, person->id, password, NULL);
    return rc ? rc : end_streams(ctx, person->id);
}

static int set_enabled(struct ctx *ctx, const char *login, bool enabled)
{
    const struct person *person;
    int rc = person_find_login(&person, ctx, login);

    if (!rc)
        rc = user_set_enabled(ctx, person->id, enabled);
    return rc || enabled ? rc : end_streams(ctx, person->id);
}

static int list(struct ctx *ctx)
{
    struct user_query query = { .limit = 200 };
    struct value *users;
    int64_t total = 1;
    size_t i, j;
    int rc = 0;

    while (!rc && query.offset < total) {
        rc = user_list(&users, &total, ctx, &query);
        for (i = 0; !rc && i < value_count(users); i++) {
            const struct value *user = value_at(users, i);
            const struct value *roles = value_get(user, "roles");

            printf("%s\t%s\t%s\t%s\t", value_get_text(user, "login"),
                   value_get_text(user, "name"),
                   value_get_text(user, "department"),
                   value_get_bool(user, "enabled") ? "enabled" : "disabled");
            for (j = 0; j < value_count(roles); j++)
                printf("%s%s", j ? ", " : "",
                       value_as_text(value_at(roles, j)));
            putchar('\n');
        }
        query.offset += query.limit;
    }
    return rc;
}

/* role add KEY --title NAME | role give KEY LOGIN | role take KEY LOGIN |
 * role list */
static int role_command(struct ctx *ctx, const struct arguments *a, int argc,
                        char **argv)
{
    const struct person *person;
    struct value *roles;
    int64_t id;
    size_t i;
    int rc;

    if (argc == 1 && strcmp(argv[0], "list") == 0) {
        rc = role_list(&roles, ctx);
        for (i = 0; !rc && i < value_count(roles); i++)
            printf("%s\t%s\t%lld\n", value_get_text(value_at(roles, i), "key"),
                   value_get_text(value_at(roles, i), "name"),
                   (long long)value_get_int(value_at(roles, i), "holders", 0));
        return rc;
    }
    if (argc == 2 && strcmp(argv[0], "add") == 0)
        return role_create(&id, ctx, argv[1], a->title ? a->title : argv[1]);
    if (argc != 3 || (strcmp(argv[0], "give") && strcmp(argv[0], "take")))
        return CLI_USAGE;
    rc = role_find(&id, ctx, argv[1]);
    if (!rc)
        rc = person_find_login(&person, ctx, argv[2]);
    return rc ? rc
              : role_grant(ctx, person->id, id, strcmp(argv[0], "give") == 0);
}

/* The words of a text like "read,write". */
static struct value *words_of(struct ctx *ctx, const char *text)
{
    struct value *list = value_list(ctx->arena);
    char *rest = arena_strdup(ctx->arena, text ? text : ""), *word;

    while ((word = strsep(&rest, ", ")))
        if (*word)
            value_append(list, value_text(ctx->arena, word));
    return list;
}

/* An API token for a program of that person; its text goes to standard
 * output, once. */
static int make_token(struct ctx *ctx, const struct arguments *a,
                      const char *login)
{
    struct value *scopes = words_of(ctx, a->scopes ? a->scopes : "read");
    struct api_token_input input = {
        .name = a->name ? a->name : "tenon user token",
        .forms = words_of(ctx, a->forms),
        .days = API_TOKEN_DAYS,
    };
    const struct person *person;
    char text[API_TOKEN_TEXT_MAX];
    int64_t days = API_TOKEN_DAYS;
    size_t i;
    int rc = person_find_login(&person, ctx, login);

    for (i = 0; !rc && i < value_count(scopes); i++) {
        unsigned scope = api_scope_of(value_as_text(value_at(scopes, i)));

        if (!scope)
            rc = CLI_USAGE;
        input.scopes |= scope;
    }
    if (!rc && a->days && int_parse(&days, a->days, 1, API_TOKEN_DAYS_MAX))
        days = 0;
    input.days = (int)days;
    if (!rc)
        rc = api_token_make(text, ctx, person->id, &input);
    if (!rc)
        printf("%s\n", text);
    return rc;
}

static int run(struct ctx *ctx, const struct arguments *a, int argc,
               char **argv)
{
    if (strcmp(argv[1], "list") == 0 && argc == 2)
        return list(ctx);
    if (strcmp(argv[1], "role") == 0 && argc > 2)
        return role_command(ctx, a, argc - 2, argv + 2);
    if (argc != 3)
        return CLI_USAGE;
    if (strcmp(argv[1], "add") == 0)
        return add(ctx, a, argv[2]);
    if (strcmp(argv[1], "passwd") == 0)
        return set_password(ctx, a, argv[2]);
    if (strcmp(argv[1], "token") == 0)
        return make_token(ctx, a, argv[2]);
    if (strcmp(argv[1], "disable") == 0)
        return set_enabled(ctx, argv[2], false);
    if (strcmp(argv[1], "enable") == 0)
        return set_enabled(ctx, argv[2], true);
    return CLI_USAGE;
}

int command_user(struct ctx *ctx, int argc, char **argv)
{
    struct arguments a = { 0 };
    const struct option_row rows[] = {
        { "site", &a.site, NULL },
        { "name", &a.name, NULL },
        { "mail", &a.mail, NULL },
        { "department", &a.department, NULL },
        { "role", &a.role, NULL },
        { "title", &a.title, NULL },
        { "link", NULL, &a.link },
        { "scopes", &a.scopes, NULL },
        { "forms", &a.forms, NULL },
        { "days", &a.days, NULL },
        { 0 },
    };
    int rc = cli_options(ctx, rows, &argc, argv);

    if (rc)
        return rc;
    if (argc < 2)
        return cli_usage(ctx, argv[0]);
    rc = site_command_open(ctx, a.site);
    if (!rc)
        rc = run(ctx, &a, argc, argv);
    site_command_close(ctx);
    return rc == CLI_USAGE ? cli_usage(ctx, argv[0]) : rc;
}
