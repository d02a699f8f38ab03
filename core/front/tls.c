/*
 * tls.c - OpenSSL under libevent's connections.
 */
#include "base/banned.h"

#include "front/tls.h"

#include <errno.h>
#include <sys/stat.h>

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/log.h"
#include "base/site.h"
#include "base/str.h"

enum { TICKETS_MS = 12 * 3600 * 1000, LOOK_MS = 2 * 1000 };

/* What a file was when it was read. */
struct stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct tls {
    SSL_CTX *context;
    const char *certificate, *key; /* of the settings */
    struct stamp stamps[2];
    int64_t read_at, looked_at; /* monotonic ms; 0: not yet */
};

static bool stamp_of(struct stamp *out, const char *path)
{
    struct stat status;

    if (stat(path, &status))
        return false;
    *out = (struct stamp){ status.st_dev, status.st_ino, status.st_size,
                           status.st_mtim };
    return true;
}

static bool stamp_equal(const struct stamp *a, const struct stamp *b)
{
    return a->device == b->device && a->inode == b->inode &&
           a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
           a->changed.tv_nsec == b->changed.tv_nsec;
}

/* The reason OpenSSL has; "" where it has none. */
static const char *reason(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *text = code ? ERR_reason_error_string(code) : NULL;

    return text ? text : "no reason given";
}

/* The key belongs to the service alone (S36). */
static int check_key_file(struct ctx *ctx, const char *path)
{
    struct stat status;

    if (stat(path, &status))
        return fail(ctx, E_INVALID, "front.tls_file", "%s: %s", path,
                    strerrorname_np(errno));
    if (status.st_mode & (S_IROTH | S_IWOTH))
        return fail(ctx, E_INVALID, "front.tls_key_open",
                    "%s can be read by everybody; take that right away "
                    "(chmod o= %s)",
                    path, path);
    return 0;
}

static int speak(SSL_CTX *context)
{
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION |
                                     SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_session_id_context(context, (const unsigned char *)"tenon", 5);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
                   SSL_CTX_set_max_early_data(context, 0) == 1 &&
                   SSL_CTX_set_cipher_list(context,
                                           "ECDHE+AESGCM:ECDHE+CHACHA20:"
                                           "!aNULL:!PSK:!SRP") == 1 &&
                   SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") == 1
               ? 0
               : E_INTERNAL;
}

/* HTTP/1.1 is all we speak, whatever else is offered (RFC 7301). */
static int choose(SSL *ssl, const unsigned char **out, unsigned char *length,
                  const unsigned char *offered, unsigned int size, void *unused)
{
    static const unsigned char own[] = "\x08http/1.1";
    unsigned char *chosen;

    (void)ssl;
    (void)unused;
    if (SSL_select_next_proto(&chosen, length, own, sizeof own - 1, offered,
                              size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* A context of its own: with it come fresh keys for tickets. */
static int read_files(SSL_CTX **out, struct stamp stamps[2], struct ctx *ctx,
                      const struct tls *tls)
{
    SSL_CTX *context;
    int rc = check_key_file(ctx, tls->key);

    *out = NULL;
    if (rc)
        return rc;
    ERR_clear_error();
    context = SSL_CTX_new(TLS_server_method());
    if (!context || speak(context))
        rc = fail(ctx, E_INTERNAL, "front.tls", "OpenSSL: %s", reason());
    else if (!stamp_of(&stamps[0], tls->certificate) ||
             !stamp_of(&stamps[1], tls->key) ||
             SSL_CTX_use_certificate_chain_file(context, tls->certificate) != 1)
        rc = fail(ctx, E_INVALID, "front.tls_certificate",
                  "%s is no certificate in PEM that can be read: %s",
                  tls->certificate, reason());
    else if (SSL_CTX_use_PrivateKey_file(context, tls->key, SSL_FILETYPE_PEM) !=
             1)
        rc = fail(ctx, E_INVALID, "front.tls_key",
                  "%s is no key in PEM that belongs to %s: %s", tls->key,
                  tls->certificate, reason());
    else
        SSL_CTX_set_alpn_select_cb(context, choose, NULL);
    if (rc)
        SSL_CTX_free(context);
    else
        *out = context;
    return rc;
}

int tls_open(struct tls **out, struct ctx *ctx, const struct settings *settings)
{
    struct tls *tls;
    int rc;

    *out = NULL;
    if (!settings->tls_certificate)
        return 0;
    tls = calloc(1, sizeof *tls);
    if (!tls)
        return fail(ctx, E_IO, "front.memory", "no memory");
    tls->certificate = settings->tls_certificate;
    tls->key = settings->tls_key;
    rc = read_files(&tls->context, tls->stamps, ctx, tls);
    if (rc)
        free(tls);
    else
        *out = tls;
    return rc;
}

void tls_close(struct tls *tls)
{
    if (tls)
        SSL_CTX_free(tls->context);
    free(tls);
}

void tls_reload(struct tls *tls)
{
    struct arena *arena;
    struct stamp stamps[2];
    SSL_CTX *context;
    struct ctx ctx;

    if (!tls)
        return;
    arena = arena_new(0);
    ctx_init(&ctx, arena);
    /* A bad pair is looked at again when it changes again. */
    if (read_files(&context, stamps, &ctx, tls)) {
        (void)stamp_of(&tls->stamps[0], tls->certificate);
        (void)stamp_of(&tls->stamps[1], tls->key);
        log_event(LOG_ERROR, "tls.refused", "reason", ctx_error(&ctx), NULL);
    } else {
        SSL_CTX_free(tls->context);
        tls->context = context;
        memcpy(tls->stamps, stamps, sizeof stamps);
        log_event(LOG_INFO, "tls.loaded", "certificate", tls->certificate,
                  NULL);
    }
    tls->read_at = 0;
    arena_free(arena);
}

static bool changed(const struct tls *tls)
{
    struct stamp stamps[2];

    /* Half replaced: the next look will see both. */
    return stamp_of(&stamps[0], tls->certificate) &&
           stamp_of(&stamps[1], tls->key) &&
           (!stamp_equal(&stamps[0], &tls->stamps[0]) ||
            !stamp_equal(&stamps[1], &tls->stamps[1]));
}

void tls_check(struct tls *tls, int64_t now)
{
    if (!tls)
        return;
    if (!tls->read_at)
        tls->read_at = now;
    if (now - tls->looked_at < LOOK_MS)
        return;
    tls->looked_at = now;
    if (changed(tls) || now - tls->read_at >= TICKETS_MS)
        tls_reload(tls);
}

struct bufferevent *tls_accept(struct tls *tls, struct event_base *base, int fd)
{
    SSL *ssl = SSL_new(tls->context);
    struct bufferevent *be;

    if (!ssl)
        return NULL;
    be = bufferevent_openssl_socket_new(
        base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    if (!be) {
        SSL_free(ssl);
        return NULL;
    }
    /* An end without close_notify is an end: a request that is cut is never
     * carried out, its length says so. */
    bufferevent_openssl_set_allow_dirty_shutdown(be, 1);
    return be;
}

void tls_end(struct bufferevent *be)
{
    SSL *ssl = bufferevent_openssl_get_ssl(be);

    if (ssl && SSL_is_init_finished(ssl))
        SSL_shutdown(ssl);
    ERR_clear_error();
}
