/*
 * archive_read.c - reading the encrypted stream of a backup.
 *
 * A piece is given on only after its authentication held, so that nothing
 * that anybody else wrote is ever looked at.
 */
#include "base/banned.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"
#include "store/archive_form.h"
#include "store/tree.h"

struct archive_in {
    struct ctx *ctx;
    struct arena *arena;
    const char *folder;
    int part, fd;
    crypto_secretstream_xchacha20poly1305_state state;
    unsigned char sealed[ARCHIVE_SEALED];
    unsigned char piece[ARCHIVE_PIECE];
    size_t at, filled;
    bool last; /* the piece is the stream's end */
};

static int bad(struct ctx *ctx, const char *what)
{
    return fail(ctx, E_INVALID, "store.backup_bad",
                "the backup is damaged or incomplete: %s", what);
}

bool archive_is(struct ctx *ctx, const char *folder)
{
    return tree_exists(archive_part(ctx->arena, folder, 1));
}

/* Opens the next part; false where there is none. */
static bool next_part(struct archive_in *in)
{
    if (in->fd >= 0)
        close(in->fd);
    in->fd = open(archive_part(in->arena, in->folder, ++in->part),
                  O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return in->fd >= 0;
}

/* Up to `size` bytes of the stream; fewer only at its end. */
static int take(size_t *got, struct archive_in *in, void *out, size_t size)
{
    unsigned char *to = out;

    *got = 0;
    while (*got < size && in->fd >= 0) {
        ssize_t some = read(in->fd, to + *got, size - *got);

        if (some < 0 && errno == EINTR)
            continue;
        if (some < 0)
            return fail(in->ctx, E_IO, "store.io", "%s: %s", in->folder,
                        strerrordesc_np(errno));
        if (some == 0 && !next_part(in))
            return 0;
        *got += (size_t)some;
    }
    return 0;
}

static int open_head(struct archive_in *in, const struct backup_key *key)
{
    unsigned char head[ARCHIVE_HEAD], name[ARCHIVE_KEY_NAME];
    size_t got = 0;
    int rc = 0;

    if (!next_part(in))
        return bad(in->ctx, "its first part is missing");
    rc = take(&got, in, head, sizeof head);
    if (rc)
        return rc;
    if (got < sizeof head ||
        memcmp(head, ARCHIVE_ANY_MAGIC, sizeof ARCHIVE_ANY_MAGIC - 1) != 0)
        return bad(in->ctx, "its head is none of a backup");
    if (memcmp(head, ARCHIVE_MAGIC, ARCHIVE_MAGIC_SIZE) != 0)
        return fail(in->ctx, E_UNSUPPORTED, "store.backup_version",
                    "the backup was made by a newer version of the program");
    archive_key_name(name, key);
    if (memcmp(name, head + ARCHIVE_MAGIC_SIZE, sizeof name) != 0)
        return fail(in->ctx, E_FORBIDDEN, "store.backup_key",
                    "the backup was encrypted with another key");
    if (crypto_secretstream_xchacha20poly1305_init_pull(
            &in->state, head + ARCHIVE_MAGIC_SIZE + ARCHIVE_KEY_NAME,
            key->bytes))
        return bad(in->ctx, "its head was changed");
    return 0;
}

static int next_piece(struct archive_in *in)
{
    unsigned long long length;
    unsigned char tag;
    size_t got;
    int rc;

    if (in->last)
        return bad(in->ctx, "it ends in the middle of a file");
    rc = take(&got, in, in->sealed, sizeof in->sealed);
    if (rc)
        return rc;
    if (got < crypto_secretstream_xchacha20poly1305_ABYTES)
        return bad(in->ctx, "its end was cut off");
    if (crypto_secretstream_xchacha20poly1305_pull(
            &in->state, in->piece, &length, &tag, in->sealed, got, NULL, 0))
        return bad(in->ctx, "a piece was changed, or its end was cut off");
    in->last = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    in->at = 0;
    in->filled = (size_t)length;
    return 0;
}

/* Exactly `size` bytes of the content. */
static int take_bytes(struct archive_in *in, void *out, size_t size)
{
    unsigned char *to = out;

    while (size > 0) {
        size_t some = in->filled - in->at;
        int rc = some ? 0 : next_piece(in);

        if (rc)
            return rc;
        if (!some)
            continue;
        if (some > size)
            some = size;
        memcpy(to, in->piece + in->at, some);
        in->at += some;
        to += some;
        size -= some;
    }
    return 0;
}

/* Only a program of ours has written it; but it may have had faults. */
static bool name_good(const char *name, size_t length)
{
    const char *part = name;

    if (!length || strlen(name) != length)
        return false;
    for (;;) {
        size_t end = strcspn(part, "/");

        if (end == 0 || (end <= 2 && strspn(part, ".") >= end))
            return false; /* empty, "." or ".." */
        if (!part[end])
            return true;
        part += end + 1;
    }
}

static int give_file(struct archive_in *in, const struct archive_take *taker,
                     const char *name, int64_t size)
{
    struct ctx *ctx = in->ctx;
    int rc = taker->begin(ctx, taker->payload, name, size);

    while (!rc && size > 0) {
        size_t some = in->filled - in->at;

        if (!some) {
            rc = next_piece(in);
            continue;
        }
        if ((int64_t)some > size)
            some = (size_t)size;
        rc = taker->data(ctx, taker->payload, in->piece + in->at, some);
        in->at += some;
        size -= (int64_t)some;
    }
    return rc ? rc : taker->end(ctx, taker->payload);
}

/* 1: a file was given; 0: that was the end. */
static int give_entry(struct archive_in *in, const struct archive_take *taker)
{
    unsigned char entry[ARCHIVE_ENTRY];
    char name[ARCHIVE_NAME_MAX + 1] = "";
    uint16_t length;
    uint64_t size;
    int rc = take_bytes(in, entry, sizeof entry);

    if (rc)
        return rc;
    if (entry[0] == ARCHIVE_END)
        return 0;
    memcpy(&length, entry + 1, sizeof length);
    memcpy(&size, entry + 3, sizeof size);
    length = le16toh(length);
    size = le64toh(size);
    if (entry[0] != ARCHIVE_FILE || length > ARCHIVE_NAME_MAX ||
        size > INT64_MAX)
        return bad(in->ctx, "it holds something that is no file");
    rc = take_bytes(in, name, length);
    if (!rc && !name_good(name, length))
        rc = bad(in->ctx, "a file has a strange name");
    if (!rc)
        rc = give_file(in, taker, name, (int64_t)size);
    return rc ? rc : 1;
}

static int read_end(struct archive_in *in)
{
    unsigned char more;
    size_t got;
    int rc = 0;

    while (!rc && !in->last && in->at == in->filled)
        rc = next_piece(in);
    if (!rc && (!in->last || in->at != in->filled))
        rc = bad(in->ctx, "it does not end where it says so");
    if (!rc)
        rc = take(&got, in, &more, 1);
    if (!rc && got)
        rc = bad(in->ctx, "something stands behind its end");
    return rc;
}

int archive_read(struct ctx *ctx, const char *folder,
                 const struct backup_key *key, const struct archive_take *taker)
{
    struct arena *arena = arena_new(0);
    struct archive_in *in = arena_alloc(arena, sizeof *in);
    int rc;

    in->ctx = ctx;
    in->arena = arena;
    in->folder = folder;
    in->fd = -1;
    rc = open_head(in, key);
    if (!rc)
        do
            rc = give_entry(in, taker);
        while (rc == 1);
    if (!rc)
        rc = read_end(in);
    if (in->fd >= 0)
        close(in->fd);
    sodium_memzero(in, sizeof *in);
    arena_free(arena);
    return rc;
}
