/*
 * fail_nth.c - a library to preload: lets the n-th call of one kind fail, in
 * the front only or, with $TENON_FAIL_IN=pages, in the workers of pages (F02).
 *
 * The file $TENON_FAIL holds four numbers, shared with the test: kind (0:
 * nothing fails), n (counts down), how many failed, how many were counted.
 */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MEMORY = 1, OPEN, SOCKET, SEND, WRITE, TRUNCATE };

struct plan {
    _Atomic int32_t kind, left, failed, counted;
};

static struct plan *plan;

/* The words of this process, each ended by NUL. */
static ssize_t own_words(char *text, size_t size)
{
    int fd = open("/proc/self/cmdline", O_RDONLY);
    ssize_t got = fd < 0 ? 0 : read(fd, text, size - 1);

    if (fd >= 0)
        close(fd);
    return got;
}

/* Only `tenon serve`, or only the workers of one lane: all inherit the
 * library. */
static int is_meant(void)
{
    const char *lane = getenv("TENON_FAIL_IN"), *word;
    char text[4096] = { 0 };
    ssize_t got = own_words(text, sizeof text);
    size_t first = strlen(text) + 1;

    if (got <= (ssize_t)first)
        return 0;
    if (!lane)
        return strcmp(text + first, "serve") == 0;
    if (strcmp(text + first, "worker") != 0)
        return 0;
    for (word = text; word < text + got; word += strlen(word) + 1)
        if (strcmp(word, lane) == 0)
            return 1;
    return 0;
}

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("TENON_FAIL");
    int fd = path && is_meant() ? open(path, O_RDWR) : -1;
    void *page;

    if (fd < 0)
        return;
    page = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page != MAP_FAILED)
        plan = page;
    close(fd);
}

static int fails(int kind)
{
    if (!plan || plan->kind != kind)
        return 0;
    plan->counted++;
    if (--plan->left != 0)
        return 0;
    plan->failed++;
    return 1;
}

#define NEXT(name)                                                             \
    static __typeof__(&name) next;                                             \
    if (!next)                                                                 \
    next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

void *malloc(size_t size)
{
    if (fails(MEMORY)) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    if (fails(MEMORY)) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    if (fails(MEMORY)) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_realloc(block, size);
}

int openat(int folder, const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;
    NEXT(openat);

    va_start(args, flags);
    mode = va_arg(args, mode_t);
    va_end(args);
    if (fails(OPEN)) {
        errno = EMFILE;
        return -1;
    }
    return next(folder, path, flags, mode);
}

int socketpair(int domain, int type, int protocol, int pair[2])
{
    NEXT(socketpair);

    if (fails(SOCKET)) {
        errno = EMFILE;
        return -1;
    }
    return next(domain, type, protocol, pair);
}

int accept4(int fd, struct sockaddr *restrict address,
            socklen_t *restrict length, int flags)
{
    NEXT(accept4);

    if (fails(SOCKET)) {
        errno = EMFILE;
        return -1;
    }
    return next(fd, address, length, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    NEXT(sendmsg);

    if (fails(SEND)) {
        errno = EAGAIN;
        return -1;
    }
    return next(fd, message, flags);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
    NEXT(pwrite64);

    if (fails(WRITE)) {
        errno = ENOSPC;
        return -1;
    }
    return next(fd, data, size, offset);
}

static int is_file(int fd)
{
    struct stat facts;

    return fd > 2 && fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode);
}

ssize_t write(int fd, const void *data, size_t size)
{
    NEXT(write);

    /* A disk can be full, a pipe that wakes a loop cannot. */
    if (is_file(fd) && fails(WRITE)) {
        errno = ENOSPC;
        return -1;
    }
    return next(fd, data, size);
}

int ftruncate64(int fd, off64_t size)
{
    NEXT(ftruncate64);

    if (fails(TRUNCATE)) {
        errno = EIO;
        return -1;
    }
    return next(fd, size);
}

int ftruncate(int fd, off_t size)
{
    return ftruncate64(fd, size);
}

int open64(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;
    NEXT(open64);

    va_start(args, flags);
    mode = va_arg(args, mode_t);
    va_end(args);
    if (fails(OPEN)) {
        errno = EMFILE;
        return -1;
    }
    return next(path, flags, mode);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    return pwrite64(fd, data, size, offset);
}
