/*
 * object.c - reading ELF headers of a module's shared object.
 *
 * dlopen runs constructors before anything can be asked, so what can be seen
 * in the file is looked at first. The file is hostile: every offset is
 * checked against its size.
 */
#include "base/banned.h"

#include "plugin/object.h"

#include <elf.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/str.h"

#if defined(__x86_64__)
#define OUR_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OUR_MACHINE EM_AARCH64
#elif defined(__riscv)
#define OUR_MACHINE EM_RISCV
#else
#define OUR_MACHINE EM_NONE
#endif

struct object {
    const char *path;
    const unsigned char *data;
    size_t size;
    Elf64_Ehdr head;
    size_t text_at, text_size; /* of names: the dynamic string table */
    bool stack_said, stack_executable;
};

static bool take(void *out, const struct object *object, uint64_t at,
                 size_t size)
{
    if (at > object->size || size > object->size - at)
        return false;
    memcpy(out, object->data + at, size);
    return true;
}

static bool program_header(Elf64_Phdr *out, const struct object *object,
                           unsigned index)
{
    return take(out, object, object->head.e_phoff + index * sizeof *out,
                sizeof *out);
}

/* Where the bytes of a loaded address lie in the file. */
static bool place_of(size_t *at, const struct object *object, uint64_t address)
{
    Elf64_Phdr part;
    unsigned i;

    for (i = 0; i < object->head.e_phnum; i++) {
        if (!program_header(&part, object, i) || part.p_type != PT_LOAD ||
            address < part.p_vaddr || address - part.p_vaddr >= part.p_filesz)
            continue;
        *at = (size_t)(part.p_offset + (address - part.p_vaddr));
        return *at < object->size;
    }
    return false;
}

/* A name of the string table; "" where the offset is wrong. */
static const char *name_at(const struct object *object, uint64_t offset)
{
    const char *text;

    if (offset >= object->text_size)
        return "";
    text = (const char *)object->data + object->text_at + offset;
    return memchr(text, '\0', object->text_size - offset) ? text : "";
}

static int refuse(struct ctx *ctx, const struct object *object, const char *key,
                  const char *why)
{
    return fail(ctx, E_INVALID, key, "%s %s", object->path, why);
}

static int check_head(struct ctx *ctx, struct object *object)
{
    const Elf64_Ehdr *head = &object->head;

    if (!take(&object->head, object, 0, sizeof object->head) ||
        memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
        head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_type != ET_DYN ||
        head->e_phentsize != sizeof(Elf64_Phdr))
        return refuse(ctx, object, "plugin.object.none",
                      "is no shared object of 64 bits");
    if (OUR_MACHINE != EM_NONE && head->e_machine != OUR_MACHINE)
        return refuse(ctx, object, "plugin.object.machine",
                      "is made for another processor");
    return 0;
}

/* Every tag of the dynamic section, in two rounds: first where the names
 * are, then what it says. */
struct tags {
    Elf64_Phdr part;
    uint64_t names, names_size, flags;
    bool own_path, text_relocation;
    const char *needed; /* a library that must not be */
};

static bool library_refused(const char *name)
{
    return text_starts(name, "libsqlite") || text_starts(name, "libsqlcipher");
}

static void read_tag(struct tags *tags, const struct object *object,
                     const Elf64_Dyn *tag)
{
    switch (tag->d_tag) {
    case DT_STRTAB:
        tags->names = tag->d_un.d_ptr;
        break;
    case DT_STRSZ:
        tags->names_size = tag->d_un.d_val;
        break;
    case DT_RPATH:
    case DT_RUNPATH:
        tags->own_path = true;
        break;
    case DT_TEXTREL:
        tags->text_relocation = true;
        break;
    case DT_FLAGS:
        tags->flags = tag->d_un.d_val;
        break;
    case DT_NEEDED:
        if (object->text_size &&
            library_refused(name_at(object, tag->d_un.d_val)))
            tags->needed = name_at(object, tag->d_un.d_val);
        break;
    default:
        break;
    }
}

static void read_tags(struct tags *tags, const struct object *object)
{
    Elf64_Dyn tag;
    uint64_t i;

    for (i = 0; i < tags->part.p_filesz / sizeof tag; i++) {
        if (!take(&tag, object, tags->part.p_offset + i * sizeof tag,
                  sizeof tag) ||
            tag.d_tag == DT_NULL)
            return;
        read_tag(tags, object, &tag);
    }
}

static int check_dynamic(struct ctx *ctx, struct object *object,
                         const Elf64_Phdr *part)
{
    struct tags tags = { .part = *part };
    size_t at;

    read_tags(&tags, object);
    if (!tags.names_size || !place_of(&at, object, tags.names) ||
        tags.names_size > object->size - at)
        return refuse(ctx, object, "plugin.object.none",
                      "is no shared object of 64 bits");
    object->text_at = at;
    object->text_size = (size_t)tags.names_size;
    read_tags(&tags, object);
    if (tags.needed ||
        memmem(object->data + at, object->text_size, "\0sqlite3_", 9))
        return refuse(ctx, object, "plugin.object.sqlite",
                      "brings an SQLite of its own; two in one process damage "
                      "the database");
    if (tags.own_path)
        return refuse(ctx, object, "plugin.object.path",
                      "has a search path of its own (RPATH); link it without");
    if (tags.text_relocation || (tags.flags & DF_TEXTREL))
        return refuse(ctx, object, "plugin.object.relocation",
                      "has text relocations; compile it with -fPIC");
    if (!memmem(object->data + at, object->text_size, "\0tenon_plugin_v1", 17))
        return refuse(ctx, object, "plugin.object.symbol",
                      "has no symbol tenon_plugin_v1; use TN_MODULE");
    return 0;
}

int object_check(struct ctx *ctx, const char *path, const void *data,
                 size_t size)
{
    struct object object = { .path = path, .data = data, .size = size };
    bool dynamic = false;
    Elf64_Phdr part;
    unsigned i;
    int rc = check_head(ctx, &object);

    for (i = 0; !rc && i < object.head.e_phnum; i++) {
        if (!program_header(&part, &object, i))
            return refuse(ctx, &object, "plugin.object.none",
                          "is no shared object of 64 bits");
        if (part.p_type == PT_GNU_STACK) {
            object.stack_said = true;
            object.stack_executable = (part.p_flags & PF_X) != 0;
        } else if (part.p_type == PT_DYNAMIC && !dynamic) {
            dynamic = true;
            rc = check_dynamic(ctx, &object, &part);
        }
    }
    if (rc)
        return rc;
    if (!dynamic)
        return refuse(ctx, &object, "plugin.object.none",
                      "is no shared object of 64 bits");
    if (!object.stack_said || object.stack_executable)
        return refuse(ctx, &object, "plugin.object.stack",
                      "wants an executable stack; link it with -z "
                      "noexecstack");
    return 0;
}

const char *object_forbidden(struct arena *arena, const void *data, size_t size)
{
    static const char *const names[] = {
        "exit",      "_exit",       "quick_exit",     "fork",
        "vfork",     "clone",       "posix_spawn",    "posix_spawnp",
        "execv",     "execve",      "execvp",         "system",
        "popen",     "signal",      "pthread_create", "thrd_create",
        "sigaction", "chdir",       "fchdir",         "setlocale",
        "uselocale", "sigprocmask", "dlopen",
    };
    struct object object = { .path = "", .data = data, .size = size };
    struct ctx ctx;
    Elf64_Phdr part;
    unsigned i;
    size_t k;

    ctx_init(&ctx, arena);
    if (check_head(&ctx, &object))
        return NULL;
    for (i = 0; i < object.head.e_phnum && !object.text_size; i++)
        if (program_header(&part, &object, i) && part.p_type == PT_DYNAMIC)
            (void)check_dynamic(&ctx, &object, &part);
    for (k = 0; k < sizeof names / sizeof *names; k++) {
        char wanted[32];
        int length = snprintf(wanted, sizeof wanted, "%c%s", '\0', names[k]);

        if (memmem(object.data + object.text_at, object.text_size, wanted,
                   (size_t)length + 1))
            return names[k];
    }
    return NULL;
}
