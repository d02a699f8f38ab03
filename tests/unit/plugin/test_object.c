/*
 * test_object.c - what is seen in a shared object before it is opened.
 *
 * The object is that of the vehicle module, with one thing spoilt at a time.
 */
#include "base/banned.h"

#include "plugin/module_site.h"

#include <elf.h>

#include "plugin/object.h"

struct bytes {
    unsigned char *data;
    size_t size;
};

static struct bytes read_object(struct fixture *f)
{
    const char *text;
    struct bytes bytes;

    ok(f,
       file_read(&text, &bytes.size, &f->ctx,
                 built(f, "share/tenon/plugins/vehicle/vehicle.so"), 64 << 20));
    bytes.data = arena_memdup(f->arena, text, bytes.size);
    return bytes;
}

static int check(struct fixture *f, struct bytes bytes)
{
    ctx_clear(&f->ctx);
    return object_check(&f->ctx, "vehicle.so", bytes.data, bytes.size);
}

static Elf64_Phdr *program_header(struct bytes bytes, unsigned type)
{
    Elf64_Ehdr *head = (Elf64_Ehdr *)(void *)bytes.data;
    Elf64_Phdr *part = (Elf64_Phdr *)(void *)(bytes.data + head->e_phoff);
    unsigned i;

    for (i = 0; i < head->e_phnum; i++)
        if (part[i].p_type == type)
            return &part[i];
    return NULL;
}

static Elf64_Dyn *dynamic_tag(struct bytes bytes, int64_t tag)
{
    Elf64_Phdr *part = program_header(bytes, PT_DYNAMIC);
    Elf64_Dyn *at = (Elf64_Dyn *)(void *)(bytes.data + part->p_offset);

    for (; at->d_tag != DT_NULL; at++)
        if (at->d_tag == tag)
            return at;
    return NULL;
}

static void a_sound_object_passes(void **state)
{
    struct fixture *f = *state;

    ok(f, check(f, read_object(f)));
}

static void an_executable_stack_is_refused(void **state)
{
    struct fixture *f = *state;
    struct bytes bytes = read_object(f);

    program_header(bytes, PT_GNU_STACK)->p_flags |= PF_X;
    assert_int_equal(check(f, bytes), E_INVALID);
    assert_true(has_key(f, "plugin.object.stack"));
    /* Saying nothing means an executable one. */
    bytes = read_object(f);
    program_header(bytes, PT_GNU_STACK)->p_type = PT_NULL;
    assert_int_equal(check(f, bytes), E_INVALID);
    assert_true(has_key(f, "plugin.object.stack"));
}

static void a_search_path_of_its_own_is_refused(void **state)
{
    struct fixture *f = *state;
    struct bytes bytes = read_object(f);
    Elf64_Dyn *tag = dynamic_tag(bytes, DT_FLAGS_1);

    assert_non_null(tag);
    tag->d_tag = DT_RUNPATH;
    tag->d_un.d_val = 1;
    assert_int_equal(check(f, bytes), E_INVALID);
    assert_true(has_key(f, "plugin.object.path"));
    tag->d_tag = DT_RPATH;
    assert_int_equal(check(f, bytes), E_INVALID);
}

static void text_relocations_are_refused(void **state)
{
    struct fixture *f = *state;
    struct bytes bytes = read_object(f);
    Elf64_Dyn *tag = dynamic_tag(bytes, DT_FLAGS_1);

    tag->d_tag = DT_TEXTREL;
    assert_int_equal(check(f, bytes), E_INVALID);
    assert_true(has_key(f, "plugin.object.relocation"));
}

static void another_sqlite_is_refused(void **state)
{
    struct fixture *f = *state;
    struct bytes bytes = read_object(f);
    unsigned char *name =
        memmem(bytes.data, bytes.size, "libc.so.6", sizeof "libc.so.6");

    assert_non_null(name);
    memcpy(name, "libsqlite", sizeof "libsqlite");
    assert_int_equal(check(f, bytes), E_INVALID);
    assert_true(has_key(f, "plugin.object.sqlite"));
    /* One that is linked in shows by its names. */
    bytes = read_object(f);
    name = memmem(bytes.data, bytes.size, "\0__gmon_start__", 15);
    assert_non_null(name);
    memcpy(name, "\0sqlite3_open", sizeof "\0sqlite3_open");
    assert_int_equal(check(f, bytes), E_INVALID);
    assert_true(has_key(f, "plugin.object.sqlite"));
}

static void an_object_without_the_symbol_is_refused(void **state)
{
    struct fixture *f = *state;
    struct bytes bytes = read_object(f);
    unsigned char *at = bytes.data;

    while ((at = memmem(at, bytes.size - (size_t)(at - bytes.data),
                        "tenon_plugin_v1", 15)))
        *at = 'x';
    assert_int_equal(check(f, bytes), E_INVALID);
    assert_true(has_key(f, "plugin.object.symbol"));
}

static void another_processor_is_refused(void **state)
{
    struct fixture *f = *state;
    struct bytes bytes = read_object(f);

    ((Elf64_Ehdr *)(void *)bytes.data)->e_machine = EM_S390;
    assert_int_equal(check(f, bytes), E_INVALID);
    assert_true(has_key(f, "plugin.object.machine"));
}

static void a_cut_or_spoilt_object_is_refused_or_passes_but_never_crashes(
    void **state)
{
    struct fixture *f = *state;
    struct bytes whole = read_object(f), part;
    unsigned seed = 1;
    size_t length, round;

    for (length = 0; length < whole.size; length += 61) {
        /* In memory of its own, so that reading behind it shows. */
        part.size = length;
        part.data = malloc(length ? length : 1);
        memcpy(part.data, whole.data, length);
        (void)check(f, part);
        free(part.data);
    }
    for (round = 0; round < 3000; round++) {
        part.size = whole.size;
        part.data = malloc(whole.size);
        memcpy(part.data, whole.data, whole.size);
        seed = seed * 1103515245 + 12345;
        part.data[(seed >> 8) % 1024] ^= (unsigned char)(1u << (seed & 7));
        seed = seed * 1103515245 + 12345;
        part.data[(seed >> 8) % 1024] = (unsigned char)(seed >> 3);
        (void)check(f, part);
        free(part.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_object_passes),
        cmocka_unit_test(an_executable_stack_is_refused),
        cmocka_unit_test(a_search_path_of_its_own_is_refused),
        cmocka_unit_test(text_relocations_are_refused),
        cmocka_unit_test(another_sqlite_is_refused),
        cmocka_unit_test(an_object_without_the_symbol_is_refused),
        cmocka_unit_test(another_processor_is_refused),
        cmocka_unit_test(
            a_cut_or_spoilt_object_is_refused_or_passes_but_never_crashes),
    };

    return cmocka_run_group_tests(tests, site_up, site_down);
}
