/*
 * site.h - a site: the folder that holds all state, and its tenon.cfg.
 *
 * In base because the front, which opens no store, needs it too.
 */
#ifndef BASE_SITE_H
#define BASE_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/s3_settings.h"

struct ctx;

/* Where the rows are kept. */
struct store_settings {
    const char *driver;      /* "sqlite", "postgresql" */
    const char *url;         /* "postgresql://user:password@host/database" */
    const char *listen_url;  /* past a pooler, for LISTEN; NULL: url */
    const char *replica_url; /* for reports that may lag; NULL: none */
    /* SQLite's, in the site's folder; NULL: tenon.db. No setting: a copy that
     * is being made has another name. */
    const char *file;
};

/* Where the files of the site are kept. */
struct files_settings {
    const char *where; /* "folder", "s3"; NULL: not set */
    const char *path;  /* "folder": absolute; NULL: SITE/files */
    struct s3 s3;      /* "s3" */
};

/* Backups that are made by themselves (core/backup). */
struct backup_settings {
    const char *folder;  /* absolute; NULL: SITE/backups */
    const char *at;      /* base/cron.h; NULL: only when somebody asks */
    const char *zone;    /* of `at`; NULL: the site's */
    const char *key;     /* file of a key, absolute; NULL: not encrypted */
    int keep, keep_days; /* 0: no limit */
    bool list_files;     /* stored files are named, not copied */
    bool send;           /* into an object store as well: */
    struct s3 s3;
};

/* Settings of tenon.cfg, each range-checked; see docs/admin/settings.md. */
struct settings {
    const char *listen;                    /* "127.0.0.1:8080", "[::]:80" */
    const char *tls_certificate, *tls_key; /* files in PEM; both or none */
    const char *tls_redirect; /* address whose plain HTTP leads to TLS */
    const char **hosts;       /* allowed Host names (S30); empty: any that
                                 is an address or localhost when demo */
    size_t host_count;
    const char **proxies; /* addresses whose forwarded headers count */
    size_t proxy_count;
    int page_workers;                 /* 0: as the store needs */
    int64_t body_max;                 /* bytes; default 32 MiB */
    int64_t spool_max;                /* bytes of all spooled bodies; 256 MiB */
    int connections_per_address;      /* default 200 */
    int connections_max;              /* default 4000 */
    int event_streams_max;            /* per session, default 4 */
    int header_seconds, body_seconds; /* 10, 300 */
    int session_idle_minutes, session_absolute_hours; /* 480, 168 */
    int worker_memory_mb;   /* hard limit of a worker; 512 */
    int worker_requests;    /* recycled after; 20000 */
    int soft_ms, hard_ms;   /* 10000, 12000 */
    const char *durability; /* "group" or "full" */
    const char *smtp_url;   /* "smtp://host:25"; NULL: captured in a file */
    const char *smtp_from;
    const char *public_url; /* for links in mails */
    const char *zone;       /* "Asia/Shanghai" */
    const char *locale;     /* default language of the site */
    const char *theme;      /* "default" */
    bool demo;              /* made by init --demo; shown on each page */
    int slow_query_ms;      /* 100 */
    struct store_settings store;
    struct files_settings files;
    struct files_settings files_before; /* read where `files` lacks one */
    int64_t files_cache_max; /* bytes of SITE/run/blob-cache; 1 GiB */
    int net_workers;         /* 0: 1, with an object store 3 */
    struct backup_settings backup;
    int job_workers; /* that run jobs side by side; 0: as the store needs */
};

struct site {
    const char *folder; /* absolute */
    const char *share;  /* where themes, pages, catalogs are installed */
    struct settings settings;
};

/* Reads FOLDER/tenon.cfg. Refuses unknown names, wrong types and ranges with
 * file and line. Everything lives in the context's arena. */
int site_read(struct site **out, struct ctx *ctx, const char *folder);

/* Whether attachments are in an object store, now or before: whoever reads or
 * writes one then needs the network. */
bool site_files_away(const struct site *site);

/* FOLDER/NAME as arena text. */
const char *site_path(struct ctx *ctx, const struct site *site,
                      const char *name);

/* The share folder: $TENON_SHARE, else ../share/tenon beside the program. */
const char *share_folder(struct ctx *ctx);

#endif
