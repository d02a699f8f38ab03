/*
 * records_export.c - a list as a CSV file, filtered and sorted as shown.
 */
#include "base/banned.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/site.h"
#include "base/str.h"
#include "form/export.h"
#include "portal/records.h"
#include "portal/records_filter.h"
#include "store/db.h"
#include "web/request.h"
#include "web/router.h"

/* A file without name in the site's folder; the front reads it and it is
 * gone with the descriptor. */
static int open_nameless(int *fd, struct ctx *ctx)
{
    const char *folder = site_path(ctx, ctx->site, "files");

    *fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (*fd < 0)
        return fail(ctx, errno == ENOSPC ? E_FULL : E_IO, "export.write",
                    "the export can't be written: %s", strerrordesc_np(errno));
    return 0;
}

static int export_list(struct ctx *ctx, struct request *request,
                       struct response *response, void *payload)
{
    struct record_query query = { 0 };
    struct records_filter filter;
    const struct form *form;
    struct stat facts;
    int64_t count;
    int fd, rc = records_form(&form, ctx, request);

    (void)payload;
    if (!rc)
        rc = records_filter_read(&filter, ctx, request, form,
                                 records_path(ctx, form));
    if (rc)
        return rc;
    query.where = filter.where;
    query.search = filter.search;
    if (!text_empty(filter.sort)) {
        query.descending = *filter.sort == '-';
        query.sort = filter.sort + (*filter.sort == '-');
    }
    rc = open_nameless(&fd, ctx);
    if (rc)
        return rc;
    rc = read_begin(ctx);
    if (!rc) {
        rc = export_csv(&count, ctx, form, &query, fd);
        read_end(ctx);
    }
    if (!rc && (fstat(fd, &facts) || lseek(fd, 0, SEEK_SET)))
        rc = fail(ctx, E_IO, "export.write", "the export can't be written: %s",
                  strerrordesc_np(errno));
    if (rc) {
        close(fd);
        return rc;
    }
    return response_file(ctx, response, fd, facts.st_size,
                         "text/csv; charset=utf-8",
                         arena_printf(ctx->arena, "%s.csv", form->name), false);
}

void records_export_start(void)
{
    static const struct route routes[] = {
        { "GET", "/records/{form}/export", ROUTE_PERSON, ROUTE_EXPENSIVE,
          export_list, NULL, NULL, NULL },
        { .method = NULL },
    };

    route_add_table(routes);
}
