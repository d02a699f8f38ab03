/*
 * baseline_evhttp.c - the figure front.hello is compared with: libevent's
 * own HTTP server, one process, the same body and no worker behind it.
 *
 * usage: baseline_evhttp PORT BODY-BYTES
 */
#include "base/banned.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

static char *body;
static size_t body_size;

static void answer(struct evhttp_request *request, void *unused)
{
    struct evbuffer *out = evbuffer_new();

    (void)unused;
    evhttp_add_header(evhttp_request_get_output_headers(request),
                      "Content-Type", "text/html; charset=utf-8");
    evbuffer_add(out, body, body_size);
    evhttp_send_reply(request, 200, "OK", out);
    evbuffer_free(out);
}

int main(int argc, char **argv)
{
    struct event_base *base = event_base_new();
    struct evhttp *http = evhttp_new(base);

    if (argc != 3 || !base || !http)
        return 2;
    body_size = strtoul(argv[2], NULL, 10);
    body = malloc(body_size + 1);
    if (!body)
        return 1;
    memset(body, 'x', body_size);
    evhttp_set_gencb(http, answer, NULL);
    if (evhttp_bind_socket(http, "127.0.0.1",
                           (ev_uint16_t)strtoul(argv[1], NULL, 10)))
        return 1;
    event_base_dispatch(base);
    return 0;
}
