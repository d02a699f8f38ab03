/*
 * archive.c - writing the encrypted stream of a backup, and its key's file.
 *
 * The head is 48 bytes: "tenon-backup-1\n" and NUL, eight bytes that name the
 * key (of its hash), the header of secretstream. Then pieces of 64 KiB, each
 * encrypted with 17 bytes more, the last one shorter and marked as the end. In
 * them lie the files one after another: a byte (1: a file, 2: the end), the
 * length of its name (16 bits), its size (64 bits), both little-endian, its
 * name, its content.
 */
#include "base/banned.h"

#include "store/archive.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/ctx.h"
#include "base/file.h"
#include "base/str.h"
#include "store/archive_form.h"
#include "store/tree.h"

static const char key_word[] = "tenon-backup-key-1 ";

enum { KEY_FILE_MAX = 200, FLUSH_BYTES = 1024 * 1024 };

struct archive_out {
    struct arena *arena;
    const char *folder;
    int64_t part_bytes;
    int part, fd; /* the open one; -1 */
    int64_t in_part, flushed;
    crypto_secretstream_xchacha20poly1305_state state;
    size_t filled;
    unsigned char piece[ARCHIVE_PIECE];
    unsigned char sealed[ARCHIVE_SEALED];
};

/* ---- the key ---- */

void archive_key_name(unsigned char out[ARCHIVE_KEY_NAME],
                      const struct backup_key *key)
{
    unsigned char hash[HASH_SIZE];

    hash_data(hash, key_word, sizeof key_word - 1, key->bytes,
              sizeof key->bytes);
    memcpy(out, hash, ARCHIVE_KEY_NAME);
}

int backup_key_make(struct ctx *ctx, const char *path)
{
    struct backup_key key;
    const char *text;
    int rc;

    if (tree_exists(path))
        return fail(ctx, E_CONFLICT, "store.backup_exists",
                    "%s already exists; choose a new name", path);
    random_bytes(key.bytes, sizeof key.bytes);
    text = arena_printf(ctx->arena, "%s%s\n", key_word,
                        base64url_of(ctx->arena, key.bytes, sizeof key.bytes));
    rc = file_write(ctx, path, text, strlen(text), 0400);
    sodium_memzero(&key, sizeof key);
    return rc;
}

static int no_key(struct ctx *ctx, const char *path)
{
    return fail(ctx, E_INVALID, "store.backup_no_key",
                "%s holds no key of a backup; tenon backup key makes one",
                path);
}

int backup_key_read(struct backup_key *out, struct ctx *ctx, const char *path)
{
    struct stat info;
    const char *text;
    char *word;
    void *bytes;
    size_t length;
    int rc = file_read(&text, &length, ctx, path, KEY_FILE_MAX);

    if (rc == E_NOT_FOUND || rc == E_LIMIT)
        ctx_clear(ctx);
    if (rc)
        return rc == E_IO ? rc : no_key(ctx, path);
    if (stat(path, &info) == 0 && (info.st_mode & 077) != 0)
        return fail(ctx, E_INVALID, "store.backup_key_open",
                    "others can read the key %s; run chmod go-rwx on it", path);
    if (!text_starts(text, key_word))
        return no_key(ctx, path);
    word = arena_strdup(ctx->arena, text + sizeof key_word - 1);
    word[strcspn(word, " \r\n")] = '\0';
    bytes = base64url_read(&length, ctx->arena, word);
    if (!bytes || length != sizeof out->bytes)
        return no_key(ctx, path);
    memcpy(out->bytes, bytes, sizeof out->bytes);
    return 0;
}

/* ---- writing ---- */

static int io_error(struct ctx *ctx, const char *path)
{
    int error = errno;

    if (error == ENOSPC || error == EDQUOT)
        return fail(ctx, E_FULL, "store.full",
                    "there is no room left on the disk for %s", path);
    return fail(ctx, E_IO, "store.io", "%s: %s", path, strerrordesc_np(error));
}

const char *archive_part(struct arena *arena, const char *folder, int part)
{
    return arena_printf(arena, "%s/part-%05d", folder, part);
}

static int close_part(struct archive_out *out, struct ctx *ctx)
{
    int fd = out->fd, rc = 0;

    out->fd = -1;
    if (fd < 0)
        return 0;
    if (fsync(fd) < 0)
        rc = io_error(ctx, out->folder);
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    if (close(fd) < 0 && !rc)
        rc = io_error(ctx, out->folder);
    return rc;
}

static int next_part(struct archive_out *out, struct ctx *ctx)
{
    const char *path;
    int rc = close_part(out, ctx);

    if (rc)
        return rc;
    path = archive_part(out->arena, out->folder, ++out->part);
    out->in_part = out->flushed = 0;
    out->fd =
        open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return out->fd < 0 ? io_error(ctx, path) : 0;
}

/* A commit of the site is synced behind what the disk has in hand: never more
 * than this. */
static void flush_some(struct archive_out *out)
{
    if (out->in_part - out->flushed < FLUSH_BYTES)
        return;
    sync_file_range(out->fd, out->flushed, out->in_part - out->flushed,
                    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                        SYNC_FILE_RANGE_WAIT_AFTER);
    out->flushed = out->in_part;
}

/* Bytes of the stream, into as many parts as they need. */
static int put(struct archive_out *out, struct ctx *ctx, const void *data,
               size_t size)
{
    const unsigned char *from = data;

    while (size > 0) {
        int64_t room = out->part_bytes - out->in_part;
        ssize_t written;

        if (out->fd < 0 || room == 0) {
            int rc = next_part(out, ctx);

            if (rc)
                return rc;
            room = out->part_bytes;
        }
        written =
            write(out->fd, from, (int64_t)size < room ? size : (size_t)room);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return io_error(ctx, out->folder);
        from += written;
        size -= (size_t)written;
        out->in_part += written;
        flush_some(out);
    }
    return 0;
}

/* Encrypts what has gathered. */
static int seal_piece(struct archive_out *out, struct ctx *ctx, bool last)
{
    unsigned long long length;

    crypto_secretstream_xchacha20poly1305_push(
        &out->state, out->sealed, &length, out->piece, out->filled, NULL, 0,
        last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
             : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
    out->filled = 0;
    return put(out, ctx, out->sealed, (size_t)length);
}

static int add_bytes(struct archive_out *out, struct ctx *ctx, const void *data,
                     size_t size)
{
    const unsigned char *from = data;

    while (size > 0) {
        size_t take = sizeof out->piece - out->filled;
        int rc;

        if (take > size)
            take = size;
        memcpy(out->piece + out->filled, from, take);
        out->filled += take;
        from += take;
        size -= take;
        if (out->filled < sizeof out->piece)
            continue;
        rc = seal_piece(out, ctx, false);
        if (rc)
            return rc;
    }
    return 0;
}

int archive_create(struct archive_out **result, struct ctx *ctx,
                   const char *folder, const struct backup_key *key,
                   int64_t part_bytes)
{
    struct arena *arena = arena_new(0);
    struct archive_out *out = arena_alloc(arena, sizeof *out);
    unsigned char head[ARCHIVE_HEAD] = ARCHIVE_MAGIC;
    int rc;

    out->arena = arena;
    out->folder = arena_strdup(arena, folder);
    out->part_bytes = part_bytes > 0 ? part_bytes : ARCHIVE_PART_BYTES;
    out->fd = -1;
    archive_key_name(head + ARCHIVE_MAGIC_SIZE, key);
    crypto_secretstream_xchacha20poly1305_init_push(
        &out->state, head + ARCHIVE_MAGIC_SIZE + ARCHIVE_KEY_NAME, key->bytes);
    rc = put(out, ctx, head, sizeof head);
    if (rc)
        archive_abandon(out);
    else
        *result = out;
    return rc;
}

static int add_entry(struct archive_out *out, struct ctx *ctx,
                     enum archive_entry type, const char *name, int64_t size)
{
    unsigned char entry[ARCHIVE_ENTRY] = { (unsigned char)type };
    uint16_t length = htole16((uint16_t)strlen(name));
    uint64_t bytes = htole64((uint64_t)size);
    int rc;

    memcpy(entry + 1, &length, sizeof length);
    memcpy(entry + 3, &bytes, sizeof bytes);
    rc = add_bytes(out, ctx, entry, sizeof entry);
    return rc ? rc : add_bytes(out, ctx, name, strlen(name));
}

int archive_add(struct archive_out *out, struct ctx *ctx, const char *name,
                int fd)
{
    char *data = arena_alloc(ctx->arena, ARCHIVE_PIECE);
    struct stat info;
    int64_t at = 0;
    int rc;

    if (strlen(name) > ARCHIVE_NAME_MAX)
        return fail(ctx, E_LIMIT, "store.io", "%s: %s", name,
                    strerrordesc_np(ENAMETOOLONG));
    if (fstat(fd, &info) < 0)
        return io_error(ctx, name);
    rc = add_entry(out, ctx, ARCHIVE_FILE, name, info.st_size);
    while (!rc && at < info.st_size) {
        int64_t want = info.st_size - at;
        ssize_t got = pread(
            fd, data, want < ARCHIVE_PIECE ? (size_t)want : ARCHIVE_PIECE, at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return io_error(ctx, name);
        if (got == 0)
            return fail(ctx, E_CONFLICT, "store.backup_changed",
                        "%s was changed while it was copied; try again", name);
        at += got;
        rc = add_bytes(out, ctx, data, (size_t)got);
    }
    return rc;
}

void archive_abandon(struct archive_out *out)
{
    if (out->fd >= 0)
        close(out->fd);
    sodium_memzero(&out->state, sizeof out->state);
    sodium_memzero(out->piece, sizeof out->piece);
    arena_free(out->arena);
}

int archive_finish(struct archive_out *out, struct ctx *ctx)
{
    int rc = add_entry(out, ctx, ARCHIVE_END, "", 0);

    if (!rc)
        rc = seal_piece(out, ctx, true);
    if (!rc)
        rc = close_part(out, ctx);
    if (!rc)
        rc = tree_sync(ctx, out->folder);
    archive_abandon(out);
    return rc;
}
