/*
 * s3_settings.h - where an S3-compatible object store is, and who may use it.
 *
 * In base because settings are read there; what is asked of the store is
 * store/s3.h.
 */
#ifndef BASE_S3_SETTINGS_H
#define BASE_S3_SETTINGS_H

#include <libconfig.h>
#include <stdbool.h>

struct ctx;

/* Texts live as long as the caller needs them. */
struct s3 {
    const char *endpoint; /* "https://s3.eu-central-1.amazonaws.com",
                             "http://10.0.0.7:9000": no path, no user */
    const char *region;   /* "eu-central-1"; NULL: "us-east-1" */
    const char *bucket;
    const char *prefix; /* before each key; NULL: none */
    const char *access_key, *secret_key;
    const char *ca_file; /* PEM, absolute; NULL: the system's */
    bool virtual_host;   /* bucket.host/key; else host/bucket/key */
    int timeout_seconds; /* without a byte; 0: 20 */
    int attempts;        /* of one request; 0: 3 */
};

/*
 * What is wrong with a setting of these: NULL, or English words for "NAME
 * must be …", with *name. Nothing is asked of the network.
 */
const char *s3_objection(const char **name, const struct s3 *s3);

/*
 * Reads a group of a settings file: endpoint, bucket, region, prefix,
 * access_key, secret_key, secret_key_file, ca_file, virtual_host,
 * timeout_seconds, attempts, and `where`, which is left alone. What the file
 * does not say of the keys comes from the environment, TENON_S3_ACCESS_KEY
 * and TENON_S3_SECRET_KEY. E_INVALID with file, line and what is expected.
 */
int s3_settings_read(struct s3 *out, struct ctx *ctx, const char *path,
                     const config_setting_t *group);

#endif
