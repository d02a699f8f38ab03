/*
 * ready.c - writing and reading FRAME_READY.
 */
#include "base/banned.h"

#include "ipc/ready.h"

#include "base/ctx.h"
#include "ipc/frame.h"
#include "ipc/link.h"
#include "ipc/message.h"

enum { KIND_RULE = 1, KIND_MOUNT, KIND_MODULE };

/* A part that is being filled; sent when the next row may not fit. */
struct part {
    int fd, rc;
    size_t count;
    struct writer writer;
    unsigned char bytes[FRAME_PAYLOAD_MAX];
};

static void part_flush(struct part *part, int flags)
{
    if (part->rc == 0)
        part->rc = link_send(part->fd, FRAME_READY, flags, 0, part->bytes,
                             part->writer.used);
    part->writer.used = 0;
    part->count = 0;
}

/* A row is a kind, four texts and flags: dull, but one shape for all. */
static void part_add(struct part *part, uint8_t kind, struct str a,
                     struct str b, struct str c, uint8_t flags)
{
    size_t need = 32 + a.length + b.length + c.length;

    if (need > FRAME_PAYLOAD_MAX) {
        part->rc = E_LIMIT;
        return;
    }
    if (part->count == READY_PART_MAX ||
        part->writer.used + need > FRAME_PAYLOAD_MAX)
        part_flush(part, 0);
    put_u8(&part->writer, kind);
    put_u8(&part->writer, flags);
    put_str(&part->writer, a);
    put_str(&part->writer, b);
    put_str(&part->writer, c);
    part->count++;
}

int ready_send(int fd, const struct ready_part *all)
{
    struct part *part = calloc(1, sizeof *part);
    int rc;
    size_t i;

    if (!part)
        return E_IO;
    part->fd = fd;
    writer_init(&part->writer, part->bytes, sizeof part->bytes);
    for (i = 0; i < all->rule_count; i++)
        part_add(part, KIND_RULE, all->rules[i].method, all->rules[i].pattern,
                 all->rules[i].module, all->rules[i].flags);
    for (i = 0; i < all->mount_count; i++)
        part_add(part, KIND_MOUNT, all->mounts[i].prefix, all->mounts[i].folder,
                 STR(""), 0);
    for (i = 0; i < all->module_count; i++)
        part_add(part, KIND_MODULE, all->modules[i].id, all->modules[i].version,
                 all->modules[i].hash, 0);
    part_flush(part, FRAME_LAST);
    rc = part->rc;
    free(part);
    return rc;
}

static int read_row(struct ready_part *out, struct reader *reader)
{
    uint8_t kind = get_u8(reader), flags = get_u8(reader);
    struct str a = get_str(reader), b = get_str(reader), c = get_str(reader);

    if (reader->failed)
        return E_INVALID;
    if (out->rule_count + out->mount_count + out->module_count ==
        READY_PART_MAX)
        return E_INVALID;
    switch (kind) {
    case KIND_RULE:
        out->rules[out->rule_count++] = (struct ready_rule){ a, b, c, flags };
        return 0;
    case KIND_MOUNT:
        out->mounts[out->mount_count++] = (struct ready_mount){ a, b };
        return 0;
    case KIND_MODULE:
        out->modules[out->module_count++] = (struct ready_module){ a, b, c };
        return 0;
    default:
        return E_INVALID;
    }
}

int ready_read(struct ready_part *out, const void *data, size_t size)
{
    struct reader reader;
    int rc = 0;

    *out = (struct ready_part){ 0 };
    out->rules = calloc(READY_PART_MAX, sizeof *out->rules);
    out->mounts = calloc(READY_PART_MAX, sizeof *out->mounts);
    out->modules = calloc(READY_PART_MAX, sizeof *out->modules);
    if (!out->rules || !out->mounts || !out->modules) {
        ready_part_free(out);
        return E_LIMIT;
    }
    reader_init(&reader, data, size);
    while (rc == 0 && reader.left)
        rc = read_row(out, &reader);
    if (rc)
        ready_part_free(out);
    return rc;
}

void ready_part_free(struct ready_part *part)
{
    free(part->rules);
    free(part->mounts);
    free(part->modules);
    *part = (struct ready_part){ 0 };
}
